//! Planted bugs: slips that could have been made, to prove that they would be found. A new one is a
//! switch `planted!("name")` in a crate, a file here, and a row.

mod ack_before_backup;
mod ack_before_sync;
mod catch_up_drops_last;
mod checksum_unchecked;
mod clock_runs_back;
mod forget_dedupe;
mod forget_vote;
mod gap_delivered;
mod ghosts_stay;
mod majority_of_the_reachable;
mod manifest_before_data;
mod move_forgets_numbers;
mod nick_unchecked;
mod no_dedupe;
mod page_skips_newest;
mod primary_goes_on_after_restart;
mod promote_outside_in_sync;
mod resend_out_of_order;
mod reuse_identity;
mod send_before_own_sync;
mod send_before_sync;
mod stale_epoch_accepted;
mod unknown_called_refused;
mod version_vector_forgets;

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Plant {
    /// Of the switch in the crates, too.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
}

/// All there are.
pub(crate) const ALL: &[&Plant] = &[
    &ack_before_backup::PLANT,
    &ack_before_sync::PLANT,
    &catch_up_drops_last::PLANT,
    &checksum_unchecked::PLANT,
    &clock_runs_back::PLANT,
    &forget_dedupe::PLANT,
    &forget_vote::PLANT,
    &gap_delivered::PLANT,
    &ghosts_stay::PLANT,
    &majority_of_the_reachable::PLANT,
    &manifest_before_data::PLANT,
    &move_forgets_numbers::PLANT,
    &nick_unchecked::PLANT,
    &no_dedupe::PLANT,
    &page_skips_newest::PLANT,
    &primary_goes_on_after_restart::PLANT,
    &promote_outside_in_sync::PLANT,
    &resend_out_of_order::PLANT,
    &reuse_identity::PLANT,
    &send_before_own_sync::PLANT,
    &send_before_sync::PLANT,
    &stale_epoch_accepted::PLANT,
    &unknown_called_refused::PLANT,
    &version_vector_forgets::PLANT,
];

/// By name.
pub(crate) fn find(name: &str) -> Result<&'static Plant, String> {
    let found = ALL.iter().find(|it| it.name == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
        format!("there are {}", names.join(", "))
    })
}

impl Plant {
    /// From now on all nodes of this process have the bug.
    pub(crate) fn sow(&self) {
        fail::cfg(self.name, "return").expect("`return` is an action");
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn collect(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("there are crates") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).expect("it can be read");
                let names = text.split("planted!(\"").skip(1);
                found.extend(names.filter_map(|it| it.split('"').next()).map(str::to_owned));
            }
        }
    }

    #[test]
    fn the_table_is_what_the_crates_hold() {
        let mut found = BTreeSet::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates"), &mut found);
        let named: Vec<&str> = ALL.iter().map(|it| it.name).collect();
        assert_eq!(named, found.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
