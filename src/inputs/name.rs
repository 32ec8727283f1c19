//! Names of variables: which the agent accepts, and which would change the job.
//!
//! In the environment the agent puts variables in upper case, with `_` for spaces and dots: `LD.PRELOAD` is
//! `LD_PRELOAD`. Names are compared in this form.

mod known;
mod reserved;

pub(crate) use known::KnownNames;

use super::destination::Destination;
use super::job::Job;
use super::slip;
use crate::error::Error;
use crate::text::shown;

/// The name that a variable gets in the environment, as Windows compares it.
pub(crate) fn environment_form(name: &str) -> String {
    name.replace([' ', '.'], "_").to_uppercase()
}

/// Whether a variable can have this name at all.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    slip::check_name(name)?;
    let found = if name.chars().any(char::is_control) {
        "a control character"
    } else if name.contains('=') {
        "a `=`"
    } else {
        return Ok(());
    };
    Err(Error::new(format!("the name contains {found}, which a variable's name cannot have")))
}

/// Refuses a name that the agent itself reads: such a secret variable would change the job. Programs don't see secret
/// variables in their environment.
pub(super) fn check_variable(name: &str) -> Result<(), Error> {
    check_name(name)?;
    if reserved::changes_job(name) { Err(reserved(name)) } else { Ok(()) }
}

/// Refuses a name that the agent, a shell, a runtime or a common tool reads, which may run programs or lift protection.
pub(super) fn check_environment(name: &str) -> Result<(), Error> {
    check_variable(name)?;
    if reserved::is_read_by_programs(name) { Err(reserved(name)) } else { Ok(()) }
}

/// Whoever edits a record chooses what replaces the `*`, so that must not be the whole name.
pub(super) fn check_wildcard(destination: &Destination) -> Result<(), Error> {
    let (kind, name) = match destination {
        Destination::Variable(name) => ("var", name),
        Destination::Environment(name) => ("env", name),
        Destination::Output(_) | Destination::File(_) => return Ok(()),
    };
    let prefix = name.split('*').next().unwrap_or_default();
    if prefix.chars().count() >= 2 && prefix.contains(char::is_alphabetic) {
        return Ok(());
    }
    Err(Error::new("the `*` lets the record choose names of the job's variables")
        .with_hint(format!("begin the name with a prefix, as in `{kind}:DB_*`")))
}

/// Refuses a destination that collides with a variable of the job.
///
/// # Errors
/// The agent would refuse it, or the value would not be where the author expects it.
pub(crate) fn check_in_job(destination: &Destination, job: &Job) -> Result<(), Error> {
    match destination {
        Destination::Variable(name) => match job.namesake(name) {
            Some(other) if reserved::is_family_member(other) => Err(reserved(name)),
            _ => Ok(()),
        },
        Destination::Environment(name) if job.has_secret(name) => Err(Error::new(format!(
            "`{}` is already a secret variable of the job and stays secret, so no step would find it in its environment",
            shown(name)
        ))
        .with_hint("choose another name, or set it with `var:`")),
        Destination::Environment(name) => match job.namesake(name) {
            Some(other) => Err(Error::new(format!(
                "`{}` has the name of the job's variable `{}` in the environment",
                shown(name),
                shown(other)
            ))
            .with_hint("choose another name")),
            None => Ok(()),
        },
        Destination::Output(name) => check_output(name, job),
        Destination::File(_) => Ok(()),
    }
}

/// The agent stores an output variable as `step.name`, but checks for a read-only variable under its plain name.
fn check_output(name: &str, job: &Job) -> Result<(), Error> {
    if job.protects_read_only() && (job.has_public(name) || reserved::is_predefined(&environment_form(name))) {
        return Err(Error::new(format!(
            "the job has a variable `{}`, and if it is read-only the agent refuses an output variable of its name",
            shown(name)
        ))
        .with_hint("choose another name"));
    }
    let Some(qualified) = job.qualified(name) else { return Ok(()) };
    let form = environment_form(&qualified);
    if reserved::is_agents_own(&form) {
        return Err(reserved(&qualified).with_hint("give the step another `name:`"));
    }
    Ok(())
}

fn reserved(name: &str) -> Error {
    Error::new(format!("`{}` is a variable of the agent or the system; setting it would change the job", shown(name)))
        .with_hint("choose another name")
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::inputs::job::JobVariables;
    use crate::inputs::mapping::{Mapping, Source, parse};
    use crate::inputs::path::Platform;

    const RESERVED: &str = "is a variable of the agent or the system; setting it would change the job";

    fn refusals(line: &str) -> Vec<String> {
        let parsed = parse(&[Source { file: None, text: line }], Platform::Linux);
        parsed.err().into_iter().flatten().map(|problem| problem.error.to_string()).collect()
    }

    fn job(public: &str, secret: &str, step: &str) -> Job {
        let text = |text: &str| Some(text.to_owned());
        Job::of(JobVariables {
            vsts_public_variables: text(public),
            vsts_secret_variables: text(secret),
            system_taskinstancename: text(step),
            agent_readonlyvariables: text("true"),
            ..JobVariables::default()
        })
    }

    fn mappings(lines: &str) -> Vec<Mapping> {
        parse(&[Source { file: None, text: lines }], Platform::Linux).expect("sound lines")
    }

    #[test]
    fn a_name_is_reserved_in_the_form_that_the_environment_gets() {
        for name in [
            "LD.PRELOAD",
            "ld preload",
            "NODE OPTIONS",
            "GIT_SSH_COMMAND",
            "DOTNET_STARTUP_HOOKS",
            "JAVA_TOOL_OPTIONS",
            "HTTPS_PROXY",
            "http_proxy",
            "LD_AUDIT",
            "PSModulePath",
            "PROCESS_SIGINT_TIMEOUT",
            "INPUT_SECRETS",
            "SECRET_X",
            "ENDPOINT_AUTH_X",
            "COR_PROFILER",
            "CORECLR_ENABLE_PROFILING",
            "BUILD_SOURCESDIRECTORY",
            "BUILD_TOKEN",
            "PYTHONSTARTUP",
            "PERL5OPT",
            "RUBYOPT",
            "BASH_ENV",
            "PROMPT_COMMAND",
            "SSL_CERT_FILE",
            "NODE_EXTRA_CA_CERTS",
            "GIT_CONFIG_COUNT",
            "ComSpec",
            "KSM_CONFIG",
            "SECUREFILE_TICKET_X",
            "_JAVA_OPTIONS",
            "Path",
            "VSTS_X",
            "TF_REATTACH_PROVIDERS",
            "AWS_CONFIG_FILE",
            "AZURE_EXTENSION_DIR",
            "CARGO_BUILD_RUSTC_WRAPPER",
            "ELECTRON_RUN_AS_NODE",
            "GOSUMDB",
            "GRADLE_USER_HOME",
            "LIBRARY_PATH",
            "__PSLockdownPolicy",
            "SVN_SSH",
            "WGETRC",
            "YARN_YARN_PATH",
            "PIP_TRUSTED_HOST",
            "GTK_MODULES",
            "C_INCLUDE_PATH",
        ] {
            assert_eq!(refusals(&format!("A/type > env:{name}")), [format!("`{name}` {RESERVED}")], "{name}");
        }
        for name in [
            "GIT_TOKEN",
            "PYTHON_TOKEN",
            "TF_VAR_password",
            "AWS_SECRET_ACCESS_KEY",
            "PGPASSWORD",
            "KUBECONFIG",
            "my.name",
        ] {
            assert_eq!(refusals(&format!("A/type > env:{name}")), [""; 0], "{name}");
        }
    }

    #[test]
    fn a_secret_variable_may_not_change_what_the_agent_reads() {
        for name in
            ["BUILD_SOURCESDIRECTORY", "Build.SourcesDirectory", "build sourcesdirectory", "DECODE_PERCENTS", "PATH"]
        {
            assert_eq!(refusals(&format!("A/type > var:{name}")), [format!("`{name}` {RESERVED}")], "{name}");
        }
        for name in [
            "BUILD_TOKEN",
            "RELEASE_TOKEN",
            "GIT_SSH_KEY",
            "HTTPS_PROXY",
            "JAVA_TOOL_OPTIONS",
            "ENVIRONMENT_KEY",
            "common.password",
        ] {
            assert_eq!(refusals(&format!("A/type > var:{name}")), [""; 0], "{name}");
        }
    }

    #[test]
    fn a_wildcard_needs_letters_of_its_own_before_the_star() {
        for name in ["*", "_*", "1_*", "X*", "*_OF_DB"] {
            for kind in ["var", "env"] {
                let message = "the `*` lets the record choose names of the job's variables";
                assert_eq!(refusals(&format!("A/* > {kind}:{name}")), [message], "{kind}:{name}");
            }
            assert_eq!(refusals(&format!("A/* > out:{name}")), [""; 0], "{name}");
        }
        assert_eq!(refusals("A/* > env:DB*\nA/* > var:X_*"), [""; 0]);
    }

    #[test]
    fn two_lines_may_not_set_one_name_of_the_environment() {
        assert_eq!(refusals("A/type > env:a.b\nA/type > env:A_B"), ["this is also the destination of line 1"]);
        assert_eq!(refusals("A/type > var:a.b\nA/type > env:a.b"), ["this is also the destination of line 1"]);
        assert_eq!(refusals("A/type > var:a.b\nA/type > env:A_B"), [""; 0]);
    }

    #[test]
    fn the_variables_of_the_job_leave_no_room_for_some_destinations() {
        let job = job(r#"["QUEUED", "my.name", "Build.Custom"]"#, r#"["Token"]"#, "agent");
        let refused = |line: &str| {
            mappings(line)
                .iter()
                .find_map(|mapping| check_in_job(&mapping.destination, &job).err())
                .map(|e| e.to_string())
        };
        let reserved = |name: &str| Some(format!("`{name}` {RESERVED}"));
        for (line, message) in [
            ("A/type > out:TempDirectory", reserved("agent.TempDirectory")),
            ("A/type > TempDirectory", reserved("agent.TempDirectory")),
            ("A/type > var:BUILD_CUSTOM", reserved("BUILD_CUSTOM")),
            ("A/type > var:MY_NAME", None),
            ("A/type > var:my.name", None),
            ("A/type > var:token", None),
            (
                "A/type > out:queued",
                Some(
                    "the job has a variable `queued`, and if it is read-only the agent refuses an output variable of its \
                     name"
                    .to_owned(),
                ),
            ),
            (
                "A/type > env:TOKEN",
                Some(
                    "`TOKEN` is already a secret variable of the job and stays secret, so no step would find it in its \
                     environment"
                        .to_owned(),
                ),
            ),
            (
                "A/type > env:MY_NAME",
                Some("`MY_NAME` has the name of the job's variable `my.name` in the environment".to_owned()),
            ),
            ("A/type > env:my.name", None),
            ("A/type > file:agent.TempDirectory", None),
        ] {
            assert_eq!(refused(line), message, "{line}");
        }
    }

    #[test]
    fn a_macro_is_one_if_the_agent_would_replace_it() {
        let job = job(r#"["region"]"#, r#"["system.accessToken"]"#, "fetch");
        let names = KnownNames::of(&mappings("A/type > var:A\nA/* > env:DB_*\nA/type > out:token"), Rc::new(job));
        for (value, is_macro) in [
            ("x$(System.AccessToken)y", true),
            ("$(Build.BuildId)", true),
            ("$(REGION)", true),
            ("$(no$(region)", true),
            ("$(no)$(region)", true),
            ("$(a)", true),
            ("$(db_password)", true),
            ("$(fetch.token)", true),
            ("$(token)", false),
            ("$(b)", false),
            ("$(", false),
            ("$()", false),
            ("$ (region)", false),
            ("${region}", false),
        ] {
            assert_eq!(names.is_macro_in(value), is_macro, "{value}");
        }
        assert!(!names.is_macro_in(&"$(".repeat(60_000)));
    }
}
