//! Names of variables: which ones the agent can take, and which would change the job.

use super::path;
use crate::error::Error;

pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let found = if name.chars().any(char::is_control) {
        "a control character"
    } else if name.contains('=') {
        "a `=`"
    } else {
        return Ok(());
    };
    Err(Error::NameCharacter { name: name.to_owned(), found })
}

/// Names that the agent, the shell or a runtime reads: a secret under such a name changes the job.
pub(super) fn check_reserved(name: &str) -> Result<(), Error> {
    const EXACT: [&str; 24] = [
        "path",
        "pathext",
        "home",
        "userprofile",
        "temp",
        "tmp",
        "tmpdir",
        "comspec",
        "systemroot",
        "windir",
        "shell",
        "ifs",
        "bash_env",
        "env",
        "node_options",
        "node_path",
        "node_extra_ca_certs",
        "ld_preload",
        "ld_library_path",
        "dyld_insert_libraries",
        "pythonpath",
        "perl5lib",
        "decode_percents",
        "tf_build",
    ];
    const PREFIXES: [&str; 11] = [
        "agent.",
        "agent_",
        "system.",
        "system_",
        "build.",
        "release.",
        "environment.",
        "pipeline.",
        "azp_",
        "vsts_",
        "distributedtask.",
    ];
    let lower = path::fold_case(name);
    if EXACT.contains(&lower.as_str()) || PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(Error::NameReserved { name: name.to_owned() });
    }
    Ok(())
}
