//! Layers: `inputs → protocol → vault → outputs`, and in the shim `files → network → agent`, checked by the paths in
//! the sources.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::string_slice, clippy::unwrap_used, reason = "what a function here can't do fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The stages in their order. Each may use the ones before it.
const STAGES: [&str; 7] = ["agent", "inputs", "protocol", "vault", "outputs", "retrieval", "wasm"];

/// Modules that serve all stages, and what each of them may use itself.
const FOUNDATIONS: [(&str, &[&str]); 9] = [
    ("codes", &[]),
    ("text", &[]),
    ("error", &["text"]),
    ("problem", &["error", "text"]),
    ("secret", &[]),
    ("base64", &[]),
    ("json", &["base64", "secret"]),
    ("crypto", &["error", "secret"]),
    ("lib", &[]),
];

/// Modules of the crate that a module may use in addition to its own.
fn may_know(module: &str) -> Option<Vec<&'static str>> {
    if let Some((_, known)) = FOUNDATIONS.iter().find(|(name, _)| *name == module) {
        return Some(known.to_vec());
    }
    let earlier = STAGES.iter().take_while(|stage| **stage != module);
    let known = FOUNDATIONS.iter().map(|(name, _)| *name).chain(earlier.copied()).collect();
    STAGES.contains(&module).then_some(known)
}

/// Crates that only certain files may use.
const RESERVED: [(&str, &[&str]); 15] = [
    ("wasm_bindgen", &["wasm.rs", "wasm/agent.rs", "wasm/environment.rs", "wasm/progress.rs"]),
    ("js_sys", &["vault/names.rs", "wasm.rs", "wasm/environment.rs"]),
    ("web_sys", &[]),
    ("unicode_normalization", &["vault/names.rs"]),
    ("serde_wasm_bindgen", &["wasm.rs", "wasm/environment.rs"]),
    ("hifijson", &["json/reader.rs", "json/text.rs"]),
    ("getrandom", &["wasm.rs"]),
    ("aes_gcm", &["crypto/aes_gcm.rs"]),
    ("p256", &["crypto/ecies.rs", "crypto/signature.rs"]),
    ("md5", &["outputs/transform.rs"]),
    ("sha2", &["crypto/ecies.rs", "outputs/transform.rs", "vault/totp.rs"]),
    ("sha1", &["vault/totp.rs"]),
    ("hmac", &["vault/totp.rs"]),
    ("httpdate", &["protocol/headers.rs"]),
    ("base64", &["base64.rs"]),
];

/// Crates whose name is also that of something of our own.
const NAMESAKES: [&str; 3] = ["aes_gcm", "base64", "hmac"];

#[test]
fn a_module_knows_earlier_stages_and_no_later_one() {
    let mut forbidden = Vec::new();
    for (path, source) in sources() {
        let module = module_of(&path);
        let may_know = may_know(module).unwrap_or_else(|| panic!("{path} has no place in the order of the modules"));
        for known in named_after(&source, "crate::") {
            if known != module && !may_know.contains(&known.as_str()) {
                forbidden.push(format!("{path} knows `{known}`"));
            }
        }
    }
    assert_eq!(forbidden, [""; 0]);
}

#[test]
fn no_path_reaches_another_module_unseen() {
    for (path, source) in sources() {
        assert!(!source.contains("crate::{"), "{path}: paths of the crate are written one by one");
        // `super` may lead up to the module itself, from tests one level further, but not beyond.
        let depth = path.matches('/').count() - usize::from(path.ends_with("/mod.rs"));
        let (code, tests) = source.split_once("mod tests {").unwrap_or((&source, ""));
        assert!(!code.contains(&"super::".repeat(depth + 1)), "{path} leaves its module by `super`");
        assert!(!tests.contains(&"super::".repeat(depth + 2)), "the tests of {path} leave its module by `super`");
    }
}

#[test]
fn a_crate_is_named_where_it_belongs() {
    let mut misplaced = Vec::new();
    for (path, source) in sources() {
        for (crate_name, files) in RESERVED {
            if names_crate(&source, crate_name) && !files.contains(&path.as_str()) {
                misplaced.push(format!("{path} names `{crate_name}`"));
            }
        }
    }
    assert_eq!(misplaced, [""; 0]);
}

#[test]
fn a_place_that_is_granted_is_taken() {
    let sources = sources();
    for (crate_name, files) in RESERVED {
        for file in files {
            let source = sources.iter().find(|(path, _)| path == file).map(|(_, source)| source);
            assert!(
                source.is_some_and(|source| names_crate(source, crate_name)),
                "{file} does not name `{crate_name}`"
            );
        }
    }
}

/// The folders of the shim in their order, followed by files outside of them. Each may import from the ones before it.
const SHIM: [&str; 4] = ["files", "network", "agent", "."];

#[test]
fn a_folder_of_the_shim_knows_earlier_ones_and_no_later_one() {
    let place = |path: &str| {
        let folder = path.split_once('/').map_or(".", |(folder, _)| folder);
        SHIM.iter().position(|one| *one == folder).unwrap_or_else(|| panic!("{path} is in no folder of the order"))
    };
    let mut forbidden = Vec::new();
    for (path, source) in shim() {
        for known in imports(&path, &source, &["from '", "import('"]) {
            let is_later = known != CORE && place(&known) > place(&path);
            // The entry point loads the rest once everything is masked.
            if is_later && (path.as_str(), known.as_str()) != ("main.js", "run.js") {
                forbidden.push(format!("{path} imports {known}"));
            }
        }
    }
    assert_eq!(forbidden, [""; 0]);
}

#[test]
fn the_post_job_step_loads_neither_the_core_nor_the_library() {
    let shim = shim();
    let mut loaded = vec!["cleanup.js".to_owned()];
    let mut at = 0;
    while let Some(path) = loaded.get(at).cloned() {
        let source = shim.iter().find(|(name, _)| *name == path).map(|(_, source)| source);
        let source = source.unwrap_or_else(|| panic!("the post-job step loads {path}"));
        assert!(!source.contains("from 'azure-pipelines-task-lib"), "the post-job step loads the library in {path}");
        let more: Vec<String> =
            imports(&path, source, &["from '"]).into_iter().filter(|known| !loaded.contains(known)).collect();
        loaded.extend(more);
        at += 1;
    }
    assert!(loaded.len() > 3, "only {loaded:?}");
}

/// The path under which the shim imports the core.
const CORE: &str = "../pkg/core.js";

/// Every source of the shim by its path in `task`, without the types that it imports in comments.
fn shim() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("task");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let scripts = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "js"));
    let sources = scripts.map(|path| {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.contains("/** @import ")).collect();
        (name, code.join("\n"))
    });
    sources.collect()
}

/// The files that a source of the shim names after one of these keywords, by their paths in `task`.
fn imports(path: &str, source: &str, words: &[&str]) -> BTreeSet<String> {
    let depth = path.matches('/').count();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let named = words.iter().flat_map(|word| source.split(word).skip(1)).filter_map(|rest| rest.split('\'').next());
    let files = named
        .filter(|name| name.starts_with('.') && Path::new(name).extension().is_some_and(|extension| extension == "js"))
        .map(|name| match name.strip_prefix(&"../".repeat(depth.max(1))) {
            Some(rest) if depth == 1 => rest.to_owned(),
            Some(_) => name.to_owned(),
            None => format!("{folder}/{}", name.trim_start_matches("./")).trim_start_matches('/').to_owned(),
        });
    files.collect()
}

/// Every source by its path in `src`, without comments and doc comments.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(paths.len() > 20, "only {} sources were found", paths.len());
    let sources = paths.iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (name, code.join("\n"))
    });
    sources.collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else {
            paths.push(path);
        }
    }
    paths.sort();
}

/// `vault/value.rs` belongs to `vault`, `error.rs` to `error`.
fn module_of(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

/// The first names after each occurrence of a prefix such as `crate::`.
fn named_after(source: &str, prefix: &str) -> BTreeSet<String> {
    let names = source.split(prefix).skip(1).map(|rest| rest.chars().take_while(|c| is_word(*c)).collect());
    names.collect()
}

/// Whether a source uses a crate: with `use`, or in a path that can't be one of our own.
fn names_crate(source: &str, crate_name: &str) -> bool {
    let path = format!("{crate_name}::");
    let is_used = source.lines().any(|line| line.trim_start().starts_with(&format!("use {path}")));
    let mut paths = source.match_indices(&path).map(|(at, _)| &source[..at]);
    is_used
        || !NAMESAKES.contains(&crate_name) && paths.any(|before| !before.ends_with(|c: char| is_word(c) || c == ':'))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
