//! No text makes the reader of notations panic, and every fault lies inside of it.
#![no_main]
use ksm_task::inputs::notation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(fault) = notation::parse(text) {
        assert!(fault.start + fault.length <= text.chars().count().max(fault.start));
    }
});
