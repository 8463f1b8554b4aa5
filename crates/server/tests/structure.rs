//! The walls of the house: who may import whom, and what the pure crates never see.
//!
//! The table is that of `ARCHITECTURE.md`. A crate exists to make one import impossible, so a new crate
//! or a new import begins here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Each crate, and those of ours that it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("chat", &[]),
    ("irc-proto", &[]),
    ("replica-proto", &[]),
    ("checker", &[]),
    ("replica", &["replica-proto"]),
    ("node", &["chat", "replica", "replica-proto"]),
    ("front-irc", &["node", "chat", "irc-proto"]),
    ("front-dns", &["node", "chat"]),
    ("front-web", &["node", "chat"]),
    ("front-grpc", &["node", "chat", "api"]),
    ("api", &["chat"]),
    (
        "server",
        &[
            "chat",
            "irc-proto",
            "replica-proto",
            "replica",
            "node",
            "front-irc",
            "front-dns",
            "front-web",
            "front-grpc",
            "api",
            "checker",
        ],
    ),
    ("torture", &["irc-proto", "checker"]),
];

/// Same input, same output, on every node: neither sockets, files, clocks, chance, nor an order that
/// differs from run to run.
const PURE: &[&str] = &["chat", "irc-proto", "replica-proto", "checker"];
const NEVER_IN_PURE: &[&str] =
    &["tokio", "std::net", "std::fs", "SystemTime", "Instant", "HashMap", "HashSet", "rand"];

#[test]
fn every_crate_imports_only_what_the_table_allows() {
    let shared = table_of(&root().join("Cargo.toml"));
    let mut faults = Vec::new();
    let mut found = BTreeSet::new();
    for dir in crates() {
        let manifest = table_of(&dir.join("Cargo.toml"));
        let name = manifest["package"]["name"].as_str().expect("a crate has a name");
        faults.extend(faults_of(name, &imports(&manifest, &shared)));
        found.insert(name.to_owned());
    }
    for (name, _) in MAY_IMPORT {
        if !found.contains(*name) {
            faults.push(format!("{name} stands in the table and is not there"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    let shared =
        parse("[workspace.dependencies]\nreplica = { path = \"crates/replica\" }\nserde = \"1\"");
    for manifest in [
        "[dependencies]\nreplica.workspace = true\nserde.workspace = true",
        "[dev-dependencies]\nreplica = { path = \"../replica\" }",
        "[build-dependencies]\nother = { package = \"replica\", path = \"../replica\" }",
        "[target.'cfg(unix)'.dependencies]\nreplica = { workspace = true }",
    ] {
        let imports = imports(&parse(manifest), &shared);
        assert_eq!(imports, ["replica"], "{manifest}");
        assert_eq!(faults_of("front-irc", &imports), ["front-irc may not import replica"]);
        assert!(faults_of("server", &imports).is_empty());
    }
    assert_eq!(faults_of("front-fax", &[]), ["front-fax does not stand in the table"]);
}

#[test]
fn pure_crates_never_see_sockets_files_clocks_or_chance() {
    let mut faults = Vec::new();
    for name in PURE {
        for (path, text) in sources(&root().join("crates").join(name).join("src"), true) {
            faults.extend(mentions(&path, &text, NEVER_IN_PURE));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_door_knows_that_anything_is_replicated() {
    let mut faults = Vec::new();
    let doors = crates().into_iter().filter(|it| it.to_string_lossy().contains("crates/front-"));
    let doors: Vec<PathBuf> = doors.collect();
    assert!(!doors.is_empty());
    for (path, text) in doors.iter().flat_map(|it| sources(it, false)) {
        faults.extend(mentions(&path, &text, &["replica", "replica_proto"]));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The simulation is another workspace: what it turns on reaches no build of this one.
#[test]
fn no_crate_turns_fail_points_or_planted_bugs_on() {
    let mut faults = Vec::new();
    for dir in crates() {
        let mut manifest = table_of(&dir.join("Cargo.toml"));
        let features = manifest.remove("features").unwrap_or(Value::Table(Table::new()));
        let others = features.as_table().expect("features are a table").iter();
        let mut others = others.filter(|(name, _)| *name != "failpoints");
        let is_on = others.any(|(_, wants)| wants.to_string().contains("failpoints"));
        if is_on || manifest.to_string().contains("failpoints") {
            faults.push(dir.display().to_string());
        }
    }
    assert!(!read(&root().join("Cargo.toml")).contains("failpoints"));
    assert!(faults.is_empty(), "they turn them on: {}", faults.join(", "));
}

#[test]
fn a_mention_counts_in_code_and_not_in_comments_or_tests() {
    let code = "\
        use std::collections::HashMap;\n\
        // A HashMap would not do.\n\
        let operand = brand + random;\n\
        #[cfg(test)]\n\
        mod tests {\n    use std::time::Instant;\n}\n\
        let now = std::time::Instant::now();\n";
    let found = mentions(Path::new("x.rs"), &without_tests(code), NEVER_IN_PURE);
    assert_eq!(found, ["x.rs:1 mentions HashMap", "x.rs:8 mentions Instant"]);
}

#[test]
fn the_readme_names_what_ci_runs() {
    let readme = read(&root().join("README.md"));
    let ci = read(&root().join(".ci/run"));
    let commands: Vec<&str> = ci.lines().filter(|it| is_cargo(it)).collect();
    assert!(commands.len() >= 4, "format, lints, docs, tests: {commands:?}");
    let missing: Vec<&&str> = commands.iter().filter(|it| !readme.contains(**it)).collect();
    assert!(missing.is_empty(), "README.md lacks {missing:?}");
}

fn is_cargo(line: &str) -> bool {
    !line.starts_with('#') && line.split_whitespace().any(|it| it == "cargo")
}

fn faults_of(name: &str, imports: &[String]) -> Vec<String> {
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|it| it.0 == name) else {
        return vec![format!("{name} does not stand in the table")];
    };
    let forbidden = imports.iter().filter(|it| !allowed.contains(&it.as_str()));
    forbidden.map(|it| format!("{name} may not import {it}")).collect()
}

/// The crates of ours among all dependencies of a manifest, tests' and build scripts' included.
fn imports(manifest: &Table, shared: &Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let shared = &shared["workspace"]["dependencies"];
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut found = BTreeSet::new();
    for section in targets.chain([manifest]) {
        let tables = kinds.iter().filter_map(|it| section.get(*it)?.as_table());
        for (key, value) in tables.flatten() {
            let is_shared = value.get("workspace").is_some();
            let meant = if is_shared { &shared[key.as_str()] } else { value };
            if meant.get("path").is_some() {
                let name = meant.get("package").and_then(Value::as_str);
                found.insert(name.unwrap_or(key).to_owned());
            }
        }
    }
    found.into_iter().collect()
}

/// Rust files under a folder with their text; `is_strict`: without what only tests see.
fn sources(dir: &Path, is_strict: bool) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a crate has this folder") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = read(&path);
                found.insert(path, text);
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {}", dir.display());
    if is_strict {
        let of_tests: Vec<PathBuf> =
            found.iter().flat_map(|(path, text)| test_files(path, text)).collect();
        found.retain(|path, _| {
            !of_tests.iter().any(|it| path.starts_with(it) || *path == it.with_extension("rs"))
        });
        found.values_mut().for_each(|text| *text = without_tests(text));
    }
    found
}

/// Modules in files of their own that a file declares for tests only, without the ending.
fn test_files(path: &Path, text: &str) -> Vec<PathBuf> {
    let is_root = path.file_stem().is_some_and(|it| it == "mod" || it == "lib" || it == "main");
    let folder = if is_root { path.with_file_name("") } else { path.with_extension("") };
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter(|it| it[0] == "#[cfg(test)]");
    pairs
        .filter_map(|it| it[1].rsplit_once("mod ")?.1.strip_suffix(';'))
        .map(|name| folder.join(name))
        .collect()
}

/// Blanks modules for tests at the left margin, and keeps the lines' numbers.
fn without_tests(text: &str) -> String {
    let mut out = String::new();
    let mut is_next = false;
    let mut is_inside = false;
    for line in text.lines() {
        is_inside |= is_next && line.ends_with('{');
        is_next = line == "#[cfg(test)]";
        if !is_inside {
            out += line;
        }
        out.push('\n');
        is_inside &= line != "}";
    }
    out
}

fn mentions(path: &Path, text: &str, words: &[&str]) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|it| !it.1.trim_start().starts_with("//"));
    lines
        .flat_map(|(number, line)| {
            let found = words.iter().filter(move |word| has_word(line, word));
            found.map(move |word| format!("{}:{} mentions {word}", path.display(), number + 1))
        })
        .collect()
}

/// Whether the word stands in the line, not as a part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn crates() -> Vec<PathBuf> {
    let listed = fs::read_dir(root().join("crates")).expect("the workspace has crates");
    let paths = listed.map(|it| it.expect("it can be listed").path());
    paths.filter(|it| it.join("Cargo.toml").exists()).collect()
}

fn table_of(path: &Path) -> Table {
    parse(&read(path))
}

fn parse(text: &str) -> Table {
    text.parse().expect("a manifest is TOML")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}
