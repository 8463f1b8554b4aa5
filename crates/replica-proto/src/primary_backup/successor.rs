//! What the directory decides of a group by itself, and what it lets a primary decide.
//!
//! Promise: nobody becomes primary who was not in the last recorded in-sync set, and nobody comes into
//! the set but by the word of its primary, who made every commit wait for it first.

use super::{PeerId, View};
use crate::planted::planted;

/// The view that the directory puts in the place of `view`, if it has to be replaced. To be called again
/// until it is `None`: one safe step at a time.
///
/// It names another primary, or other replicas; the set in sync it never touches. Only a primary, who has
/// all the data, takes somebody out or in. A directory that takes the living for dead, or the dead for
/// living, would else leave a set of one, and that one may have lost its disk. A primary that takes the
/// place of a dead one takes it out at once: one more round here, for that.
///
/// * The primary lives: it stays. If it does not, the first live member of the set, in the ring's order, takes
///   its place. Without a live member nothing can be done: what was acknowledged is on the dead ones alone.
/// * `placement` is where the ring wants replicas. New ones come as learners, and the primary takes them in.
///   When all live ones of them are in sync, and at least `min_in_sync`, a primary that is not wanted there is
///   followed by one of them, who takes out whoever is not wanted.
#[must_use]
pub fn successor(
    view: &View,
    placement: &[PeerId],
    min_in_sync: usize,
    is_live: impl Fn(PeerId) -> bool,
) -> Option<View> {
    let mut next = View { epoch: view.epoch + 1, replicas: placement.to_vec(), ..view.clone() };
    let live_wanted = || placement.iter().copied().filter(|it| is_live(*it));
    let is_settled = live_wanted().count() >= min_in_sync.max(1)
        && live_wanted().all(|it| view.in_sync.contains(&it));
    let may_stay = placement.contains(&view.primary) || !is_settled;
    if !is_live(view.primary) || !may_stay {
        next.primary = heir(&next, &is_live).unwrap_or(view.primary);
    }
    if planted!("promote-outside-in-sync") && !next.in_sync.contains(&next.primary) {
        next.in_sync = vec![next.primary];
    }
    let is_news = (next.primary, &next.in_sync, &next.replicas)
        != (view.primary, &view.in_sync, &view.replicas);
    (is_news && next.is_sane()).then_some(next)
}

/// Whether `proposer`, primary of `view`, may have this one in its place.
#[must_use]
pub fn is_allowed(view: &View, proposer: PeerId, on_epoch: u64, proposed: &View) -> bool {
    proposed.is_sane()
        && proposer == view.primary
        && on_epoch == view.epoch
        && proposed.epoch == view.epoch + 1
        && proposed.replicas == view.replicas
        && view.in_sync.contains(&proposed.primary)
        && proposed.in_sync.iter().all(|it| view.in_sync.contains(it) || view.replicas.contains(it))
}

/// The first live one of the set: in the ring's order, those about to leave last.
fn heir(view: &View, is_live: &impl Fn(PeerId) -> bool) -> Option<PeerId> {
    let is_fit = |it: &PeerId| {
        is_live(*it) && (view.in_sync.contains(it) || planted!("promote-outside-in-sync"))
    };
    view.replicas.iter().chain(&view.in_sync).copied().find(is_fit)
}

#[cfg(test)]
mod tests {
    use super::super::{PeerId, View};
    use super::{is_allowed, successor};
    use proptest::prelude::*;

    fn view(primary: PeerId, in_sync: &[PeerId], replicas: &[PeerId]) -> View {
        View { epoch: 5, primary, in_sync: in_sync.to_vec(), replicas: replicas.to_vec() }
    }

    fn after(view: &View, placement: &[PeerId], min: usize, live: &[PeerId]) -> Option<View> {
        let next = successor(view, placement, min, |it| live.contains(&it));
        next.inspect(|it| assert_eq!(it.epoch, view.epoch + 1)).map(|it| View { epoch: 5, ..it })
    }

    #[test]
    fn a_primary_that_lives_stays() {
        assert_eq!(after(&view(1, &[1, 2, 3], &[1, 2, 3]), &[1, 2, 3], 1, &[1, 2]), None);
        assert_eq!(after(&view(2, &[2, 3], &[1, 2, 3]), &[1, 2, 3], 1, &[1, 2, 3]), None);
    }

    #[test]
    fn the_next_in_the_rings_order_follows_a_dead_one() {
        let old = view(1, &[3, 1, 2], &[1, 2, 3]);
        assert_eq!(after(&old, &[1, 2, 3], 1, &[2, 3]), Some(view(2, &[3, 1, 2], &[1, 2, 3])));
        assert_eq!(after(&old, &[1, 2, 3], 1, &[3]), Some(view(3, &[3, 1, 2], &[1, 2, 3])));
    }

    #[test]
    fn nobody_outside_of_the_set_follows() {
        assert_eq!(after(&view(1, &[1], &[1, 2, 3]), &[1, 2, 3], 1, &[2, 3]), None);
    }

    #[test]
    fn a_group_moves_one_safe_step_at_a_time() {
        let everybody = [1, 2, 3, 4];
        let old = view(1, &[1, 2], &[1, 2]);
        let placed = view(1, &[1, 2], &[3, 4]);
        assert_eq!(after(&old, &[3, 4], 1, &everybody), Some(placed.clone()));
        assert_eq!(after(&placed, &[3, 4], 1, &everybody), None, "the new ones must come in first");
        let one_in = view(1, &[1, 2, 3], &[3, 4]);
        assert_eq!(after(&one_in, &[3, 4], 1, &everybody), None);
        let both_in = view(1, &[1, 2, 3, 4], &[3, 4]);
        let handed_over = view(3, &[1, 2, 3, 4], &[3, 4]);
        assert_eq!(after(&both_in, &[3, 4], 1, &everybody), Some(handed_over.clone()));
        assert_eq!(after(&handed_over, &[3, 4], 1, &everybody), None, "the rest is 3's affair");
    }

    #[test]
    fn a_primary_may_not_name_itself_after_it_was_replaced() {
        let now = view(2, &[2, 3], &[1, 2, 3]);
        let wish = View { epoch: 6, ..view(1, &[1, 2, 3], &[1, 2, 3]) };
        assert!(!is_allowed(&now, 1, 5, &wish));
        let wish = View { epoch: 6, ..view(2, &[2, 3, 1], &[1, 2, 3]) };
        assert!(is_allowed(&now, 2, 5, &wish));
        assert!(!is_allowed(&now, 2, 4, &wish), "it was about an older view");
        let wish = View { epoch: 6, ..view(1, &[2, 3, 1], &[1, 2, 3]) };
        assert!(!is_allowed(&now, 2, 5, &wish), "1 was not in sync before");
    }

    fn ids() -> impl Strategy<Value = Vec<PeerId>> {
        prop::sample::subsequence((1..8).collect::<Vec<PeerId>>(), 1..7).prop_shuffle()
    }

    proptest! {
        #[test]
        fn it_ends_and_never_promotes_from_outside(in_sync in ids(), replicas in ids(), placement in ids(), live in ids(), min in 1usize..4) {
            let mut view = view(in_sync[0], &in_sync, &replicas);
            for _ in 0..4 {
                let Some(next) = successor(&view, &placement, min, |it| live.contains(&it)) else {
                    return Ok(());
                };
                prop_assert!(next.is_sane());
                prop_assert_eq!(next.epoch, view.epoch + 1);
                prop_assert!(view.in_sync.contains(&next.primary));
                prop_assert_eq!(&next.in_sync, &view.in_sync);
                view = next;
            }
            prop_assert!(false, "it does not end");
        }
    }
}
