//! Names of variables: which ones the agent can take, and which would change the job.
//!
//! The agent puts a variable into the environment in capitals, with `_` for blanks and dots, so that `LD.PRELOAD` becomes
//! `LD_PRELOAD`. Names are compared in this form.

use std::collections::HashSet;
use std::rc::Rc;

use super::destination::Destination;
use super::job::Job;
use super::mapping::Mapping;
use super::path::fold_case;
use crate::error::Error;
use crate::text::shown;

/// The name that a variable gets in the environment, as Windows compares it.
pub(crate) fn environment_form(name: &str) -> String {
    name.replace([' ', '.'], "_").to_uppercase()
}

/// Whether a variable can have this name at all.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let found = if name.chars().any(char::is_control) {
        "a control character"
    } else if name.contains('=') {
        "a `=`"
    } else {
        return Ok(());
    };
    Err(Error::new(format!("the name holds {found}, which a variable's name cannot have")))
}

/// Refuses what the agent itself would read: a secret variable of such a name changes the job. Programs don't find secret
/// variables in their environment.
pub(super) fn check_variable(name: &str) -> Result<(), Error> {
    let form = environment_form(name);
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| form.starts_with(prefix));
    let is_family = name.contains('.') && starts(&FAMILIES);
    let is_reserved = is_family
        || starts(&AGENTS_OWN)
        || has_word(SYSTEMS_OWN, &form)
        || has_word(SETTINGS, &form)
        || is_predefined(&form);
    if is_reserved { Err(reserved(name)) } else { Ok(()) }
}

/// Refuses what the agent, a shell, a runtime or a common tool would read: it could run programs, or turn off protection.
pub(super) fn check_environment(name: &str) -> Result<(), Error> {
    check_variable(name)?;
    let form = environment_form(name);
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| form.starts_with(prefix));
    let is_python = form.starts_with("PYTHON") && !form.starts_with("PYTHON_");
    if starts(&FAMILIES) || starts(&READ_BY_PROGRAMS) || has_word(READ_BY_PROGRAMS_EXACT, &form) || is_python {
        return Err(reserved(name));
    }
    Ok(())
}

/// A record's editor chooses what takes the place of the `*`, so it may not be the whole name.
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
        .with_hint(format!("begin the name with letters of its own, as in `{kind}:DB_*`")))
}

/// Refuses a destination that the variables of the job leave no room for.
///
/// # Errors
/// The agent would refuse it, or the value would not be where the author expects it.
pub(crate) fn check_in_job(destination: &Destination, job: &Job) -> Result<(), Error> {
    match destination {
        Destination::Variable(name) => match job.namesake(name) {
            Some(other) if is_family_member(other) => Err(reserved(name)),
            _ => Ok(()),
        },
        Destination::Environment(name) if job.has_secret(name) => Err(Error::new(format!(
            "`{}` is a secret variable of the job already and stays secret, so that no step finds it in its environment",
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

/// The agent keeps an output variable as `step.name`, but looks for a read-only variable under its plain name.
fn check_output(name: &str, job: &Job) -> Result<(), Error> {
    if job.protects_read_only() && (job.has_public(name) || is_predefined(&environment_form(name))) {
        return Err(Error::new(format!(
            "the job has a variable `{}`, and if it is read-only the agent refuses an output variable of its name",
            shown(name)
        ))
        .with_hint("choose another name"));
    }
    let Some(qualified) = job.qualified(name) else { return Ok(()) };
    let form = environment_form(&qualified);
    if AGENTS_OWN.iter().any(|prefix| form.starts_with(prefix)) || is_predefined(&form) {
        return Err(reserved(&qualified).with_hint("give the step another `name:`"));
    }
    Ok(())
}

fn reserved(name: &str) -> Error {
    Error::new(format!("`{}` is a variable of the agent or the system; setting it would change the job", shown(name)))
        .with_hint("choose another name")
}

fn has_word(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

/// Whether a name is one of the agent's predefined ones, as in `System.AccessToken`.
fn is_family_member(name: &str) -> bool {
    let form = environment_form(name);
    name.contains('.') && FAMILIES.iter().chain(&OTHER_FAMILIES).any(|prefix| form.starts_with(prefix))
}

fn is_predefined(form: &str) -> bool {
    PREDEFINED.iter().any(|(family, names)| form.strip_prefix(family).is_some_and(|name| has_word(names, name)))
}

/// The names that the job knows, before this run and after it: a value must not speak of one as `$(NAME)`, which the agent
/// would replace before each step.
#[derive(Debug)]
pub(crate) struct Names {
    job: Rc<Job>,
    /// What this run sets, in folded case.
    set: HashSet<String>,
    /// What comes before and after the `*` of names that this run sets, in folded case.
    patterns: Vec<(String, String)>,
}

/// The longest name of a variable that is looked for in a value, in bytes.
const LONGEST: usize = 400;

impl Names {
    /// The names of the job, and those that these lines set.
    pub(crate) fn of(mappings: &[Mapping], job: Rc<Job>) -> Self {
        let mut names = Self { job, set: HashSet::new(), patterns: Vec::new() };
        for Mapping { destination, .. } in mappings {
            let name = match destination {
                Destination::Variable(name) | Destination::Environment(name) => fold_case(name),
                Destination::Output(name) => fold_case(&names.job.qualified(name).unwrap_or_default()),
                Destination::File(_) => continue,
            };
            match name.split_once('*') {
                Some((before, after)) => names.patterns.push((before.to_owned(), after.to_owned())),
                None => drop(names.set.insert(name)),
            }
        }
        names
    }

    /// Refuses a destination that the variables of the job leave no room for.
    ///
    /// # Errors
    /// The agent would refuse it, or the value would not be where the author expects it.
    pub(crate) fn check(&self, destination: &Destination) -> Result<(), Error> {
        check_in_job(destination, &self.job)
    }

    /// Whether the agent would replace a part of this value.
    pub(crate) fn is_macro_in(&self, value: &str) -> bool {
        macros(value).any(|name| self.job.has(name) || is_family_member(name) || self.is_set(name))
    }

    fn is_set(&self, name: &str) -> bool {
        let name = fold_case(name);
        let matches = |(before, after): &(String, String)| {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        };
        self.set.contains(&name) || self.patterns.iter().any(matches)
    }
}

/// The names in `$(name)`. Where the agent knows none it goes on behind the `$`, so that `$(a$(b)` may be both.
fn macros(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("$(").filter_map(|(start, opening)| {
        let rest = text.get(start + opening.len()..)?;
        let length = rest.bytes().take(LONGEST).position(|byte| byte == b')')?;
        rest.get(..length)
    })
}

/// Beginnings of the agent's predefined variables, which with a dot are the agent's alone.
const FAMILIES: [&str; 7] =
    ["AGENT_", "BUILD_", "DISTRIBUTEDTASK_", "ENVIRONMENT_", "PIPELINE_", "RELEASE_", "SYSTEM_"];

/// Beginnings of predefined variables that authors use for names of their own as well.
const OTHER_FAMILIES: [&str; 4] = ["CHECKS_", "COMMON_", "RESOURCES_", "STRATEGY_"];

/// Beginnings of names that the agent uses alone, most of them for its settings.
const AGENTS_OWN: [&str; 5] = ["AGENT_", "AZP_", "SYSTEM_", "VSTS_", "VSTSAGENT_"];

/// Settings that the agent reads from variables of the job, and what it sets itself.
const SETTINGS: &str = "ALLOW_TFVC_UNSHELVE_ERRORS CONTINUE_AFTER_CANCEL_PROCESSTREEKILL_ATTEMPT DECODE_PERCENTS DISABLE_INPUT_TRIMMING \
    FAIL_DEPRECATED_BUILD_TASK FAIL_DEPRECATED_TASK FAIL_JOB_WHEN_AGENT_DIES FIX_POSSIBLE_GIT_OUT_OF_MEMORY_PROBLEM \
    PATH PROCESS_SIGINT_TIMEOUT PROCESS_SIGTERM_TIMEOUT ROSETTA2_WARNING TASK_DISPLAYNAME TF_BUILD \
    USE_GIT_SINGLE_THREAD USE_GRACEFUL_PROCESS_SHUTDOWN";

/// What the system and common runtimes read. A secret variable does not reach them, but hides what a pipeline means by it.
const SYSTEMS_OWN: &str = "BASH_ENV COMSPEC DYLD_INSERT_LIBRARIES ENV HOME IFS LD_LIBRARY_PATH LD_PRELOAD NODE_EXTRA_CA_CERTS NODE_OPTIONS \
    NODE_PATH PATHEXT PERL5LIB PYTHONPATH SHELL SYSTEMROOT TEMP TMP TMPDIR USERPROFILE WINDIR";

/// Predefined variables whose families authors also use for names of their own, such as `BUILD_TOKEN`.
const PREDEFINED: [(&str, &str); 5] = [
    (
        "BUILD_",
        "ARTIFACTSTAGINGDIRECTORY AUTHORIZEAS BINARIESDIRECTORY BUILDID BUILDNUMBER BUILDURI CLEAN CONTAINERID \
         CRONSCHEDULE_DISPLAYNAME DEFINITIONFOLDERPATH DEFINITIONID DEFINITIONNAME DEFINITIONVERSION GATED_RUNCI \
         GATED_SHELVESETNAME QUEUEDBY QUEUEDBYID REASON REPOSITORY_CLEAN REPOSITORY_GIT_SUBMODULECHECKOUT REPOSITORY_ID \
         REPOSITORY_LOCALPATH REPOSITORY_NAME REPOSITORY_PROVIDER REPOSITORY_TFVC_WORKSPACE REPOSITORY_URI REQUESTEDFOR \
         REQUESTEDFOREMAIL REQUESTEDFORID SOURCEBRANCH SOURCEBRANCHNAME SOURCESDIRECTORY SOURCETFVCSHELVESET \
         SOURCEVERSION SOURCEVERSIONAUTHOR SOURCEVERSIONMESSAGE STAGINGDIRECTORY SYNCSOURCES TRIGGEREDBY_BUILDID \
         TRIGGEREDBY_BUILDNUMBER TRIGGEREDBY_DEFINITIONID TRIGGEREDBY_DEFINITIONNAME TRIGGEREDBY_PROJECTID TYPE \
         USESERVERWORKSPACES",
    ),
    (
        "RELEASE_",
        "ATTEMPTNUMBER DEFINITIONENVIRONMENTID DEFINITIONID DEFINITIONNAME DEPLOYMENTID DEPLOYPHASEID DISABLEROBOCOPY \
         ENVIRONMENTID ENVIRONMENTNAME ENVIRONMENTURI PRIMARYARTIFACTSOURCEALIAS REASON RELEASEDESCRIPTION RELEASEID \
         RELEASENAME RELEASEURI RELEASEWEBURL REQUESTEDFOR REQUESTEDFORID ROBOCOPYMT SKIPARTIFACTSDOWNLOAD TRIGGERREASON",
    ),
    ("ENVIRONMENT_", "ID NAME RESOURCEID RESOURCENAME"),
    ("PIPELINE_", "WORKSPACE"),
    ("COMMON_", "TESTRESULTSDIRECTORY"),
];

/// Beginnings of names that make programs run something, load code or trust somebody, and those of the agent's
/// way to hand inputs, secrets and connections to a task.
const READ_BY_PROGRAMS: [&str; 37] = [
    "BASH_FUNC",
    "COMPLUS_",
    "CORECLR_",
    "COREHOST_",
    "COR_",
    "DOTNET_",
    "DYLD_",
    "ELECTRON_",
    "ENDPOINT_",
    "GIT_CONFIG",
    "GIT_PROXY",
    "GIT_REDIRECT",
    "GIT_SSH",
    "GIT_SSL",
    "GIT_TRACE",
    "HELM_PLUGIN",
    "INPUT_",
    "JULIA_",
    "LD_",
    "LESS",
    "MSBUILD",
    "NODE_",
    "NPM_CONFIG_",
    "NUGET_PLUGIN",
    "OPENSSL_",
    "RUSTUP_",
    "R_ENVIRON",
    "R_PROFILE",
    "SECRET_",
    "SECUREFILE_",
    "SSL_CERT",
    "TERRAGRUNT_TFPATH",
    "TF_CLI_",
    "TG_TF_PATH",
    "XDG_",
    "YARN_RC",
    "__PSLOCKDOWN",
];

const READ_BY_PROGRAMS_EXACT: &str = "ALLUSERSPROFILE ALL_PROXY ANSIBLE_ACTION_PLUGINS ANSIBLE_CALLBACK_PLUGINS ANSIBLE_COLLECTIONS_PATH \
    ANSIBLE_CONFIG ANSIBLE_CONNECTION_PLUGINS ANSIBLE_FILTER_PLUGINS ANSIBLE_INVENTORY_PLUGINS ANSIBLE_LIBRARY \
    ANSIBLE_LOOKUP_PLUGINS ANSIBLE_MODULE_UTILS ANSIBLE_PYTHON_INTERPRETER ANSIBLE_ROLES_PATH \
    ANSIBLE_VARS_PLUGINS ANT_OPTS APPDATA ASPNETCORE_HOSTINGSTARTUPASSEMBLIES AWS_CA_BUNDLE AWS_CONFIG_FILE \
    AWS_SHARED_CREDENTIALS_FILE AZURE_CONFIG_DIR AZURE_EXTENSION_DIR BASHOPTS BASH_ENV BASH_LOADABLES_PATH \
    BROWSER BUILDX_CONFIG BUNDLE_GEMFILE BUN_INSTALL BUN_OPTIONS DENO_CERT DENO_DIR DENO_TLS_CA_STORE CARGO_BUILD_RUSTC CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER \
    CARGO_BUILD_RUSTC_WRAPPER CARGO_HOME CATALINA_OPTS CC CDPATH CFLAGS CLASSPATH CLOUDSDK_CONFIG \
    CLOUDSDK_PYTHON CMAKE_TOOLCHAIN_FILE COMMONPROGRAMFILES COMPOSER_HOME COMSPEC CPATH CURL_CA_BUNDLE CURL_HOME \
    CXX CXXFLAGS DOCKER_CERT_PATH DOCKER_CONFIG DOCKER_CONTEXT DOCKER_HOST DOCKER_TLS_VERIFY EDITOR ENV \
    ERL_AFLAGS ERL_FLAGS ERL_ZFLAGS EXINIT FPATH FTP_PROXY GCONV_PATH GEM_HOME GEM_PATH GHCRTS \
    GIT_ALLOW_PROTOCOL GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_ASKPASS GIT_ATTR_SOURCE GIT_COMMON_DIR \
    GIT_CURL_VERBOSE GIT_DIR GIT_EDITOR GIT_EXEC_PATH GIT_EXTERNAL_DIFF GIT_INDEX_FILE GIT_NAMESPACE \
    GIT_OBJECT_DIRECTORY GIT_PAGER GIT_PROTOCOL_FROM_USER GIT_SEQUENCE_EDITOR GIT_TEMPLATE_DIR GIT_WORK_TREE \
    GLIBC_TUNABLES GLOBIGNORE GNUMAKEFLAGS GOBIN GOENV GOFLAGS GOINSECURE GONOSUMCHECK GONOSUMDB GOPATH GOPROXY \
    GOROOT GOSUMDB GOTOOLCHAIN GRADLE_HOME GRADLE_OPTS GRADLE_USER_HOME HOME HOMEDRIVE HOMEPATH HOSTALIASES \
    HTTPS_PROXY HTTP_PROXY IFS INPUTRC JAVA_HOME JAVA_OPTS JAVA_TOOL_OPTIONS JDK_JAVAC_OPTIONS JDK_JAVA_OPTIONS \
    JRE_HOME JVM_OPTS KSM_CONFIG KUBE_EDITOR LDFLAGS LIBRARY_PATH LOCALAPPDATA LUA_CPATH LUA_INIT LUA_PATH \
    M2_HOME MAKEFLAGS MANPAGER MAVEN_ARGS MAVEN_HOME MAVEN_OPTS MAVEN_PROJECTBASEDIR MFLAGS NO_PROXY \
    NUGET_CREDENTIALPROVIDERS_PATH NVM_DIR OCAMLRUNPARAM ODBCINI ODBCSYSINI PAGER PATHEXT PERL5DB PERL5LIB \
    PERL5OPT PERL5SHELL PERLLIB PGSERVICEFILE PGSYSCONFDIR PHPRC PHP_INI_SCAN_DIR PIP_CERT PIP_CONFIG_FILE \
    PKG_CONFIG_PATH PNPM_HOME PROGRAMDATA PROGRAMFILES PROMPT_COMMAND PS1 PS4 PSEXECUTIONPOLICYPREFERENCE \
    PSMODULEPATH REQUESTS_CA_BUNDLE RUBYLIB RUBYOPT RUSTC RUSTC_WORKSPACE_WRAPPER RUSTC_WRAPPER RUSTDOC \
    RUSTFLAGS SBT_OPTS SHELL SHELLOPTS SSH_ASKPASS SSLKEYLOGFILE SUDO_ASKPASS SYSTEMDRIVE SYSTEMROOT TEMP \
    TF_PLUGIN_CACHE_DIR TF_REATTACH_PROVIDERS TMP TMPDIR USERPROFILE UV_PYTHON VIMINIT VISUAL VOLTA_HOME WINDIR \
    ZDOTDIR _JAVA_OPTIONS";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::job::JobVariables;
    use crate::inputs::mapping::{Source, parse};
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
        assert_eq!(refusals("A/type > env:a.b\nA/type > env:A_B"), ["this is the destination of line 1 as well"]);
        assert_eq!(refusals("A/type > var:a.b\nA/type > env:a.b"), ["this is the destination of line 1 as well"]);
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
                    "`TOKEN` is a secret variable of the job already and stays secret, so that no step finds it in its \
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
        let names = Names::of(&mappings("A/type > var:A\nA/* > env:DB_*\nA/type > out:token"), Rc::new(job));
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
