//! No text makes the config parser panic, and it does not quote what it refuses.
#![no_main]
use ksm_task::inputs::config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = config::secrets_of(text);
    if let Err(error) = config::parse(text) {
        assert!(!error.to_string().is_empty());
    }
});
