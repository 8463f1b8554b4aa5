//! All rounds, one after the other, on one cluster as long as it holds.

use crate::cluster::{Cluster, Parts};
use crate::faults::{self, Fault};
use crate::net::{self, Net};
use crate::undertaker::Undertaker;
use crate::{Args, disk, drills, machine, round};
use anyhow::{Context, bail};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A cluster is not used for more rounds than that: founding is worth trying, too, and disks fill.
const ROUNDS_PER_CLUSTER: u64 = 25;

/// Sessions of the dead go soon, so that rounds stay short.
const GRACE_S: u64 = 2;
/// As it is by default.
pub(crate) const DRILL_GRACE_S: u64 = 60;

/// Whether all went well; an error: it cannot run at all.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    net::remove_leftovers();
    let starling = match &args.starling {
        Some(it) => it.canonicalize().with_context(|| it.display().to_string())?,
        None => build()?,
    };
    if let Some(name) = &args.drill {
        return drill(args, name, starling);
    }
    let seed = args.seed.unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    let known = known(&args.fault)?;
    let dir = tempfile::Builder::new().prefix("starling-torture-").tempdir_in(&args.dir)?;
    let _undertaker = Undertaker::hire(dir.path())?;
    let parts = Parts {
        starling,
        shim: disk::build_shim(dir.path())?,
        forgets_syncs: args.plant_forgetful_disks,
        witnesses: 0,
        splits_roles: false,
        directory: "raft",
        grace_s: GRACE_S,
    };
    let nodes = usize::try_from(args.nodes)?;
    let net = Net::make(nodes)?;
    let mut session = Session { args, seed, violations: 0, unfinished: 0 };
    let home = dir.path().join("cluster");
    let mut cluster = Cluster::start(net, parts, &home, nodes)?;
    let mut is_fresh = true;
    for number in 0..args.rounds {
        if !is_fresh && number % ROUNDS_PER_CLUSTER == 0 {
            cluster.found(&home, nodes)?;
        }
        is_fresh = session.round(&mut cluster, &known, number) == Finish::Broken;
        if is_fresh {
            cluster.found(&home, nodes)?;
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "rounds={} violations={}", args.rounds, session.violations)?;
    Ok(session.violations == 0 && session.unfinished == 0)
}

/// One drill, judged as a round is.
fn drill(args: &Args, name: &str, starling: PathBuf) -> anyhow::Result<bool> {
    let Some(drill) = drills::ALL.iter().find(|it| it.name == name) else {
        let names: Vec<&str> = drills::ALL.iter().map(|it| it.name).collect();
        bail!("there is no drill {name:?}; there are {}", names.join(", "));
    };
    let dir = tempfile::Builder::new().prefix("starling-drill-").tempdir_in(&args.dir)?;
    let _undertaker = Undertaker::hire(dir.path())?;
    let shim = disk::build_shim(dir.path())?;
    let parts = Parts {
        starling,
        shim,
        forgets_syncs: false,
        witnesses: drill.witnesses,
        splits_roles: drill.splits_roles,
        directory: drill.directory,
        grace_s: DRILL_GRACE_S,
    };
    let net = Net::make(drill.nodes)?;
    let mut cluster = Cluster::start(net, parts, &dir.path().join("cluster"), drill.nodes)?;
    let result = drills::run(drill, &mut cluster).inspect_err(|_| {
        for node in 0..cluster.len() {
            println_now(&format!("{} says:\n{}", cluster.name(node), cluster.log_end(node)));
        }
    })?;
    for (at_ms, deed) in &result.deeds {
        println_now(&format!("    {at_ms:>7} ms  {deed}"));
    }
    println_now(&result.summary);
    for it in &result.violations {
        println_now(&format!("violation of {}: {}", it.invariant, it.story));
    }
    println_now(&format!("rounds=1 violations={}", result.violations.len()));
    Ok(result.violations.is_empty())
}

struct Session<'a> {
    args: &'a Args,
    seed: u64,
    violations: usize,
    unfinished: usize,
}

#[derive(PartialEq, Eq)]
enum Finish {
    Well,
    /// The cluster may not be used any more.
    Broken,
}

impl Session<'_> {
    fn round(&mut self, cluster: &mut Cluster, known: &[&'static Fault], number: u64) -> Finish {
        let mut rng =
            SmallRng::seed_from_u64(self.seed.wrapping_mul(1_000_003).wrapping_add(number));
        let faults = faults::draw(known, &mut rng);
        let names: Vec<&str> = faults.iter().map(|it| it.name).collect();
        let began = Instant::now();
        let result = round::run(cluster, number, &faults, &mut rng);
        let took = began.elapsed().as_secs_f64();
        let what = names.join(" + ");
        match result {
            Ok(result) if result.violations.is_empty() => {
                eprintln!("round {number}: {what}: {}, {took:.1} s", result.summary);
                for (at_ms, deed) in &result.deeds {
                    eprintln!("    {at_ms:>7} ms  {deed}");
                }
                Finish::Well
            }
            Ok(result) => {
                self.violations += result.violations.len();
                println_now(&format!("round {number}: {what}: {}, {took:.1} s", result.summary));
                for it in &result.violations {
                    println_now(&format!("violation of {}: {}", it.invariant, it.story));
                }
                for (at_ms, deed) in &result.deeds {
                    println_now(&format!("    {at_ms:>7} ms  {deed}"));
                }
                println_now(&format!("  repeat: {}", self.repeat(number)));
                Finish::Broken
            }
            Err(why) => {
                self.unfinished += 1;
                println_now(&format!("round {number}: {what}: not finished: {why:#}"));
                for node in 0..cluster.len() {
                    println_now(&format!(
                        "{} says:\n{}",
                        cluster.name(node),
                        cluster.log_end(node)
                    ));
                }
                println_now(&format!("  repeat: {}", self.repeat(number)));
                Finish::Broken
            }
        }
    }

    fn repeat(&self, number: u64) -> String {
        let (nodes, seed, rounds) = (self.args.nodes, self.seed, number + 1);
        let mut command = format!(
            "cargo run --release -p torture -- --rounds {rounds} --nodes {nodes} --seed {seed}"
        );
        if self.args.plant_forgetful_disks {
            command += " --plant-forgetful-disks";
        }
        for it in &self.args.fault {
            command += &format!(" --fault {it}");
        }
        command
    }
}

fn println_now(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}"); // Nobody may be listening.
}

/// Those that were asked for and can be done here.
fn known(wanted: &[String]) -> anyhow::Result<Vec<&'static Fault>> {
    if let Some(it) = wanted.iter().find(|it| faults::ALL.iter().all(|known| known.name != **it)) {
        let names: Vec<&str> = faults::ALL.iter().map(|it| it.name).collect();
        bail!("there is no fault {it:?}; there are {}", names.join(", "));
    }
    let mut known = machine::faults();
    known.retain(|it| wanted.is_empty() || wanted.iter().any(|name| name == it.name));
    match known.is_empty() {
        true => bail!("none of these faults can be done here"),
        false => Ok(known),
    }
}

/// Before this process leaves the network that cargo may need.
fn build() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .current_dir(&root)
        .args(["build", "--release", "--package", "server", "--bin", "starling"])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    let lines = String::from_utf8_lossy(&out.stdout);
    let messages = lines.lines().filter_map(|it| serde_json::from_str(it).ok());
    let built = messages
        .filter_map(|it: serde_json::Value| Some(it["executable"].as_str()?.to_owned()))
        .next_back();
    match built.filter(|_| out.status.success()) {
        Some(path) => Ok(path.into()),
        None => bail!("starling could not be built"),
    }
}
