use super::*;
use proptest::prelude::{
    ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_assume, proptest,
};
use rand::SeedableRng;
use rand::rngs::SmallRng;

const SLACK: u32 = 20;
const DUTY_MS: u64 = 250;

fn loads(clients: &[u32]) -> Vec<Load> {
    let node = |(number, clients): (u64, &u32)| Load { node: NodeId(number), clients: *clients };
    (1..).zip(clients).map(node).collect()
}

/// Nodes that hear of each other's load up to two seconds late, each in its own way, and clients that
/// take up to three to go where they are sent.
struct Network {
    clients: Vec<u32>,
    balances: Vec<Balance>,
    /// All loads of the last two seconds, the newest last.
    past: VecDeque<Vec<u32>>,
    /// Who arrives when, and where.
    on_the_way: Vec<(u64, usize)>,
    now_ms: u64,
    moved: u32,
    /// Whether whoever is asked goes.
    goes: bool,
    random: SmallRng,
}

const BEHIND_MAX: usize = 2_000 / DUTY_MS as usize;

impl Network {
    fn new(clients: &[u32], seed: u64) -> Network {
        Network {
            clients: clients.to_vec(),
            balances: clients.iter().map(|_| Balance::new(SLACK)).collect(),
            past: VecDeque::from([clients.to_vec()]),
            on_the_way: Vec::new(),
            now_ms: 1_000,
            moved: 0,
            goes: true,
            random: SmallRng::seed_from_u64(seed),
        }
    }

    fn seen_by(&mut self, node: usize) -> Vec<Load> {
        let mut seen = self.clients.clone();
        for (other, clients) in seen.iter_mut().enumerate().filter(|it| it.0 != node) {
            let behind = self.random.random_range(0..self.past.len().min(BEHIND_MAX));
            *clients = self.past[self.past.len() - 1 - behind][other];
        }
        loads(&seen)
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds * 1_000 / DUTY_MS {
            self.now_ms += DUTY_MS;
            let (now_ms, clients) = (self.now_ms, &mut self.clients);
            self.on_the_way.retain(|(at_ms, to)| {
                let is_there = *at_ms <= now_ms;
                clients[*to] += u32::from(is_there);
                !is_there
            });
            for node in 0..self.clients.len() {
                let seen = self.seen_by(node);
                let me = NodeId(node as u64 + 1);
                let sent = self.balances[node].step(now_ms, me, &seen, &mut self.random);
                for to in sent {
                    self.moved += 1;
                    if self.goes {
                        self.clients[node] -= 1;
                        let at_ms = now_ms + self.random.random_range(0..3_000);
                        self.on_the_way.push((at_ms, to.0 as usize - 1));
                    }
                }
            }
            self.past.push_back(self.clients.clone());
            if self.past.len() > BEHIND_MAX {
                self.past.pop_front();
            }
        }
    }

    fn is_even(&self) -> bool {
        self.on_the_way.is_empty() && is_even(&loads(&self.clients), SLACK)
    }
}

/// What has to move at least.
fn fewest(clients: &[u32]) -> u32 {
    plan(&loads(clients)).iter().map(|it| it.clients).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_plan_makes_it_even_and_takes_nobody_from_who_has_too_few(
        clients in prop::collection::vec(0u32..500, 1..20),
    ) {
        let mut after: Vec<i64> = clients.iter().map(|it| i64::from(*it)).collect();
        let flows = plan(&loads(&clients));
        for it in &flows {
            after[it.from.0 as usize - 1] -= i64::from(it.clients);
            after[it.to.0 as usize - 1] += i64::from(it.clients);
        }
        let (least, most) = (after.iter().min().expect("some"), after.iter().max().expect("some"));
        prop_assert!(most - least <= 1, "{clients:?} becomes {after:?}");
        let gives = |it: &Flow| flows.iter().any(|other| other.to == it.from);
        prop_assert!(!flows.iter().any(gives), "nobody gives and takes");
    }

    #[test]
    fn any_distribution_becomes_even_with_few_moves_and_stays_so(
        clients in prop::collection::vec(0u32..60, 2..12),
        seed in any::<u64>(),
    ) {
        let mut network = Network::new(&clients, seed);
        network.pass(600);
        prop_assert!(network.is_even(), "{clients:?} became {:?}", network.clients);
        let bound = fewest(&clients) + fewest(&clients) / 4 + 2;
        prop_assert!(network.moved <= bound, "{clients:?}: {} of at most {bound}", network.moved);
        let moved = network.moved;
        network.pass(900);
        prop_assert_eq!(network.moved, moved, "nobody moves any more");
    }

    #[test]
    fn within_the_slack_nobody_is_moved_however_late_reports_are(
        around in prop::collection::vec(90u32..=110, 2..12),
        seed in any::<u64>(),
    ) {
        let mut network = Network::new(&around, seed);
        prop_assume!(network.is_even());
        network.pass(600);
        prop_assert_eq!(network.moved, 0);
    }
}

#[test]
fn a_node_that_came_back_without_anybody_has_its_share_within_half_a_minute() {
    for seed in 0..50 {
        comes_back(seed);
    }
}

fn comes_back(seed: u64) {
    let mut network = Network::new(&[6, 6, 6, 6, 6, 5, 5, 5, 5, 0], seed);
    network.pass(4);
    assert_eq!(network.moved, 0, "it may become even by itself");
    network.pass(26);
    assert!(network.clients.iter().all(|it| (4..=6).contains(it)), "{:?}", network.clients);
    assert!((4..=6).contains(&network.moved), "{} moved, seed {seed}", network.moved);
}

#[test]
fn many_move_slowly() {
    let mut network = Network::new(&[10_000, 10_000, 0], 1);
    network.pass(20);
    assert!((1..=800).contains(&network.moved), "{} moved within 20 s", network.moved);
    network.pass(1_800);
    assert!(network.is_even(), "{:?}", network.clients);
}

#[test]
fn who_does_not_go_is_asked_less_and_less_often() {
    let mut network = Network::new(&[20, 0], 1);
    network.goes = false;
    network.pass(60);
    let first = network.moved;
    assert!(first > 0);
    network.pass(3_600);
    network.moved = 0;
    network.pass(3_600);
    assert!(network.moved <= 150, "{} in an hour; {first} in the first minute", network.moved);
}

#[test]
fn a_node_that_stops_taking_clients_is_sent_no_more_of_a_round() {
    let (mut balance, mut random) = (Balance::new(SLACK), SmallRng::seed_from_u64(1));
    let uneven = loads(&[20, 0, 20]);
    let mut step = |now_ms, loads: &[Load]| balance.step(now_ms, NodeId(1), loads, &mut random);
    assert!(step(0, &uneven).is_empty());
    assert!(step(5_000, &uneven).is_empty(), "it is decided");
    assert_eq!(step(8_000, &uneven), [NodeId(2)]);
    assert!(step(20_000, &[uneven[0], uneven[2]]).is_empty());
}
