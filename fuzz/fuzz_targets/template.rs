//! No text makes the template parser panic.
#![no_main]
use ksm_task::inputs::template;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = template::parse("in.txt", text);
});
