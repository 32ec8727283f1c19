//! No answer makes its parser panic, neither as received nor decrypted.
#![no_main]
use std::rc::Rc;

use ksm_task::crypto::Entropy;
use ksm_task::crypto::aes_gcm::RustCrypto;
use ksm_task::crypto::keys::{AppKey, TransmissionKey};
use ksm_task::error::Error;
use ksm_task::protocol::response::{self, HttpResponse, Reply};
use ksm_task::secret::SecretText;
use ksm_task::vault::records::Vault;
use libfuzzer_sys::fuzz_target;

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(0);
        Ok(())
    }
}

fuzz_target!(|input: (u16, &[u8])| {
    let (status, bytes) = input;
    let key = TransmissionKey::new([7; 32]);
    let sealed = key.encrypt(bytes, &mut Zeros).expect("encrypted");
    for (status, body) in [(status, bytes.to_vec()), (200, sealed)] {
        let reply = response::read(HttpResponse { status, body, ..HttpResponse::default() }, Some(&key), "ksm.test", &SecretText::default(), &RustCrypto);
        if let Ok(Reply::Answer(answer)) = reply {
            let mut vault = Vault::new(*answer, AppKey::new([8; 32]), Rc::new(RustCrypto));
            let _ = vault.find("Database");
        }
    }
});
