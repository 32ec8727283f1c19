//! What the agent tells a Node task about the job: its variables' names, the step's name, settings.

use std::collections::HashMap;

use super::name;
use super::path::{Platform, fold_case};
use crate::json::Value;
use crate::secret::SecretText;

/// The variables of the task's environment that describe the job.
///
/// A step's `env:` cannot forge the lists, which the agent writes after it (`AddVariablesToEnvironment` in its
/// `Handler.cs`). It can forge a setting, so a setting counts only if the lists name it.
#[derive(Clone, Debug, Default)]
pub struct JobVariables {
    /// The names of public variables, in JSON.
    pub vsts_public_variables: Option<String>,
    /// The names of secret variables, in JSON.
    pub vsts_secret_variables: Option<String>,
    /// The step's name.
    pub system_taskinstancename: Option<String>,
    /// Whether the agent refuses to set read-only variables.
    pub agent_readonlyvariables: Option<String>,
    /// The minimum length of a text for the agent to mask it.
    pub azp_ignore_secrets_shorter_than: Option<String>,
    /// Whether the agent reads `%AZP25` as `%`.
    pub decode_percents: Option<String>,
    /// Whether secret variables may have several lines.
    pub system_unsafeallowmultilinesecret: Option<String>,
}

impl JobVariables {
    /// Finds them among the variables of the environment by name, in any case on Windows. The agent passes secret ones
    /// under a longer name.
    #[must_use]
    pub fn among(environment: &[(String, SecretText)], platform: Platform) -> Self {
        let is_named = |name: &str, wanted: &str| match platform {
            Platform::Windows => name.eq_ignore_ascii_case(wanted),
            Platform::Linux | Platform::MacOs => name == wanted,
        };
        let value = |wanted: &str| {
            let secret = ["SECRET_", wanted].concat();
            let find = |wanted: &str| environment.iter().find(|(name, _)| is_named(name, wanted));
            // EXPOSE: names of variables and settings are not secret.
            find(wanted).or_else(|| find(&secret)).map(|(_, value)| value.expose().to_owned())
        };
        Self {
            vsts_public_variables: value("VSTS_PUBLIC_VARIABLES"),
            vsts_secret_variables: value("VSTS_SECRET_VARIABLES"),
            system_taskinstancename: value("SYSTEM_TASKINSTANCENAME"),
            agent_readonlyvariables: value("AGENT_READONLYVARIABLES"),
            azp_ignore_secrets_shorter_than: value("AZP_IGNORE_SECRETS_SHORTER_THAN"),
            decode_percents: value("DECODE_PERCENTS"),
            system_unsafeallowmultilinesecret: value("SYSTEM_UNSAFEALLOWMULTILINESECRET"),
        }
    }
}

/// What is known of the job.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// Names of variables as written, by their case-folded form.
    public: HashMap<String, String>,
    secret: HashMap<String, String>,
    /// Names of variables as written, by their form in the environment.
    by_form: HashMap<String, Vec<String>>,
    variables: JobVariables,
}

/// What is known of a switch that is off by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It is not set.
    Unset,
    /// A variable of the job sets it.
    Set(bool),
    /// The environment has it, but the agent may ignore it: it is perhaps from the step's `env:`, or spelled otherwise.
    Unclear(bool),
}

impl Job {
    /// Reads variables of the task's environment. Missing or malformed ones are ignored.
    #[must_use]
    pub fn of(variables: JobVariables) -> Self {
        let (public, secret) =
            (names(variables.vsts_public_variables.as_deref()), names(variables.vsts_secret_variables.as_deref()));
        let mut by_form: HashMap<String, Vec<String>> = HashMap::new();
        for name in public.iter().chain(&secret) {
            by_form.entry(name::environment_form(name)).or_default().push(name.clone());
        }
        let by_case = |names: Vec<String>| names.into_iter().map(|name| (fold_case(&name), name)).collect();
        Self { public: by_case(public), secret: by_case(secret), by_form, variables }
    }

    /// Whether the job has a variable of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let name = fold_case(name);
        self.public.contains_key(&name) || self.secret.contains_key(&name)
    }

    /// Whether the job has a secret variable of this name. It stays secret even if it is set again.
    #[must_use]
    pub fn has_secret(&self, name: &str) -> bool {
        self.secret.contains_key(&fold_case(name))
    }

    /// Whether the job has a variable of this name that is not secret.
    #[must_use]
    pub fn has_public(&self, name: &str) -> bool {
        self.public.contains_key(&fold_case(name))
    }

    /// Another variable that gets the same name in the environment.
    #[must_use]
    pub fn namesake(&self, name: &str) -> Option<&str> {
        let names = self.by_form.get(&name::environment_form(name))?;
        names.iter().find(|other| fold_case(other) != fold_case(name)).map(String::as_str)
    }

    /// The name under which the job stores an output variable, if the step's name is known.
    #[must_use]
    pub fn qualified(&self, output: &str) -> Option<String> {
        let step = self.variables.system_taskinstancename.as_deref().filter(|name| !name.is_empty())?;
        Some(format!("{step}.{output}"))
    }

    /// Whether the agent refuses to set variables that are read-only, instead of warning.
    #[must_use]
    pub fn protects_read_only(&self) -> bool {
        self.variables.agent_readonlyvariables.as_deref().is_some_and(is_true)
    }

    /// Whether secret variables may have several lines.
    #[must_use]
    pub fn several_lines(&self) -> Setting {
        self.setting("SYSTEM_UNSAFEALLOWMULTILINESECRET", self.variables.system_unsafeallowmultilinesecret.as_deref())
    }

    /// Whether the agent reads `%AZP25` as `%`, as it does by default.
    #[must_use]
    pub fn decodes_percents(&self) -> Setting {
        self.setting("DECODE_PERCENTS", self.variables.decode_percents.as_deref())
    }

    fn setting(&self, name: &str, value: Option<&str>) -> Setting {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Setting::Unset };
        match self.by_form.get(name).map(Vec::as_slice) {
            Some([one]) if fold_case(one) == fold_case(name) => Setting::Set(is_true(value)),
            _ => Setting::Unclear(is_true(value)),
        }
    }

    /// The length in characters of the shortest mask that the agent keeps. The most that can be configured is 6.
    #[must_use]
    pub fn shortest_mask(&self) -> usize {
        const LARGEST: usize = 6;
        let value = self.variables.azp_ignore_secrets_shorter_than.as_ref().and_then(|value| value.trim().parse().ok());
        value.unwrap_or(0).min(LARGEST)
    }
}

/// The names in a list in JSON.
fn names(json: Option<&str>) -> Vec<String> {
    let Ok(Value::List(values)) = Value::parse(json.unwrap_or_default()) else { return Vec::new() };
    // EXPOSE: names of variables are not secret.
    values.iter().filter_map(|value| Some(value.as_text()?.expose().to_owned())).collect()
}

/// Whether the agent reads a text as true (`StringUtil.ConvertToBoolean`).
fn is_true(value: &str) -> bool {
    ["1", "true", "$true"].contains(&value.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn several_lines(public: &str, secret: &str, value: &str) -> Setting {
        let text = |text: &str| Some(text.to_owned());
        Job::of(JobVariables {
            vsts_public_variables: text(public),
            vsts_secret_variables: text(secret),
            system_unsafeallowmultilinesecret: text(value),
            ..JobVariables::default()
        })
        .several_lines()
    }

    #[test]
    fn a_setting_counts_if_a_variable_of_the_job_has_exactly_its_name() {
        for (public, value, setting) in [
            (r#"["SYSTEM_UNSAFEALLOWMULTILINESECRET"]"#, "true", Setting::Set(true)),
            (r#"["system_UnsafeAllowMultilineSecret"]"#, "TRUE", Setting::Set(true)),
            (r#"["SYSTEM_UNSAFEALLOWMULTILINESECRET"]"#, "1", Setting::Set(true)),
            (r#"["SYSTEM_UNSAFEALLOWMULTILINESECRET"]"#, "$True", Setting::Set(true)),
            (r#"["SYSTEM_UNSAFEALLOWMULTILINESECRET"]"#, "yes", Setting::Set(false)),
            (r#"["System.UnsafeAllowMultilineSecret"]"#, "true", Setting::Unclear(true)),
            (
                r#"["System.UnsafeAllowMultilineSecret", "SYSTEM_UNSAFEALLOWMULTILINESECRET"]"#,
                "true",
                Setting::Unclear(true),
            ),
            ("[]", "true", Setting::Unclear(true)),
            ("[]", "false", Setting::Unclear(false)),
            ("not JSON", "true", Setting::Unclear(true)),
            (r#"["SYSTEM_UNSAFEALLOWMULTILINESECRET"]"#, "", Setting::Unset),
        ] {
            assert_eq!(several_lines(public, "[]", value), setting, "{public} {value}");
        }
        assert_eq!(several_lines("[]", r#"["SYSTEM_UNSAFEALLOWMULTILINESECRET"]"#, "1"), Setting::Set(true));
        assert_eq!(Job::default().several_lines(), Setting::Unset);
    }

    #[test]
    fn variables_of_the_job_are_found_in_the_environment_also_where_they_are_secret() {
        let environment = [("VSTS_PUBLIC_VARIABLES", r#"["a"]"#), ("SECRET_DECODE_PERCENTS", "true"), ("OTHER", "1")]
            .map(|(name, value)| (name.to_owned(), SecretText::from(value)));
        let found = JobVariables::among(&environment, Platform::Linux);
        assert_eq!(found.vsts_public_variables.as_deref(), Some(r#"["a"]"#));
        assert_eq!(found.decode_percents.as_deref(), Some("true"));
        assert_eq!(found.system_taskinstancename, None);
    }

    #[test]
    fn on_windows_variables_have_any_case() {
        let environment = [("Secret_Decode_Percents".to_owned(), SecretText::from("true"))];
        let found = |platform| JobVariables::among(&environment, platform).decode_percents;
        assert_eq!(found(Platform::Windows).as_deref(), Some("true"));
        assert_eq!(found(Platform::Linux), None);
    }

    #[test]
    fn a_variable_is_known_in_any_case_and_under_the_form_that_the_environment_gets() {
        let job = Job::of(JobVariables {
            vsts_public_variables: Some(r#"["my.Var"]"#.to_owned()),
            vsts_secret_variables: Some(r#"["Token"]"#.to_owned()),
            system_taskinstancename: Some("fetch".to_owned()),
            ..JobVariables::default()
        });
        assert!(job.has("MY.VAR") && job.has("token") && job.has_secret("TOKEN") && job.has_public("my.var"));
        assert!(!job.has("my_var") && !job.has_secret("my.var"));
        assert_eq!(job.namesake("MY_VAR"), Some("my.Var"));
        assert_eq!(job.namesake("my.var"), None);
        assert_eq!(job.qualified("x").as_deref(), Some("fetch.x"));
    }

    #[test]
    fn the_agent_drops_masks_of_five_characters_at_most() {
        for (value, shortest) in [("0", 0), ("4", 4), ("6", 6), ("12", 6), ("x", 0), ("-1", 0), ("", 0)] {
            let azp_ignore_secrets_shorter_than = Some(value.to_owned());
            let job = Job::of(JobVariables { azp_ignore_secrets_shorter_than, ..JobVariables::default() });
            assert_eq!(job.shortest_mask(), shortest, "{value}");
        }
    }
}
