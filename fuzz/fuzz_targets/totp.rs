//! No URI makes the parser of two-factor fields panic, and a code has the right number of digits.
#![no_main]
use ksm_task::vault::totp::Totp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u64)| {
    let (query, now_ms) = input;
    if let Ok(totp) = Totp::parse(&format!("otpauth://totp/x?{query}")) {
        let code = totp.code(now_ms);
        assert!((6..=10).contains(&code.expose().len()));
        assert!(totp.wait_ms(now_ms) < 5_000);
    }
    let _ = Totp::parse(query);
});
