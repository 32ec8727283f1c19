//! Keeper's Rust SDK as a reader of a vault.
//!
//! In, as JSON: `{ config, proxy, notations, codes }`. Out, as JSON, what `interop/readers.js` describes.

use std::error::Error;
use std::fmt::Display;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use keeper_secrets_manager_core::core::{ClientOptions, SecretsManager};
use keeper_secrets_manager_core::dto::{KeeperFile, Record};
use keeper_secrets_manager_core::enums::KvStoreType;
use keeper_secrets_manager_core::storage::InMemoryKeyValueStorage;
use keeper_secrets_manager_core::utils::get_totp_code;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // A panic of the SDK counts as its result; its message would only be noise.
    std::panic::set_hook(Box::new(|_| ()));
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let asked: Value = serde_json::from_slice(&input)?;
    let notations = texts(&asked["notations"]);

    let storage = InMemoryKeyValueStorage::new(asked["config"].as_str().map(str::to_owned))?;
    let mut options = ClientOptions::new_client_options(KvStoreType::InMemory(storage));
    // The SDK drops the port from a host name, so a proxy leads to the embedded Keeper.
    options.proxy_url = asked["proxy"].as_str().map(str::to_owned);
    let mut manager = SecretsManager::new(options)?;

    let fetched = told(|| manager.get_secrets(Vec::new()));
    let (records, failed) = match fetched {
        Ok(records) => (records, None),
        Err(reason) => (Vec::new(), Some(reason)),
    };
    let records = records.into_iter().map(record).collect::<Outcome<Vec<_>>>()?;
    let as_value: Vec<_> = notations.iter().map(|notation| answer(|| manager.get_notation(notation))).collect();
    let as_results: Vec<_> =
        notations.iter().map(|notation| answer(|| manager.get_notation_result(notation).map(Value::from))).collect();
    let codes = texts(&asked["codes"]).into_iter().map(code).collect::<Outcome<Vec<_>>>()?;

    let read = json!({
        "failed": failed,
        "records": records,
        "answers": { "get_notation": as_value, "get_notation_result": as_results },
        "codes": codes,
    });
    std::io::stdout().write_all(read.to_string().as_bytes())?;
    Ok(())
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn record(read: Record) -> Outcome<Value> {
    let folder = Some(read.folder_uid).filter(|uid| !uid.is_empty());
    let data: Value = serde_json::from_str(&read.raw_json)?;
    let files: Vec<_> = read.files.into_iter().map(attachment).collect();
    Ok(json!({ "uid": read.uid, "folder": folder, "data": data, "files": files }))
}

fn attachment(mut file: KeeperFile) -> Value {
    let mut about = json!({ "uid": file.uid, "name": file.name, "title": file.title });
    match told(|| file.get_file_data()) {
        Ok(content) => {
            let sha256 = Sha256::digest(content.unwrap_or_default());
            about["sha256"] = sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        }
        Err(reason) => about["error"] = reason.into(),
    }
    about
}

fn answer<E: Display>(ask: impl FnOnce() -> Result<Value, E>) -> Value {
    match told(ask) {
        Ok(value) => json!({ "value": value }),
        Err(reason) => json!({ "error": reason }),
    }
}

/// What the SDK returns, or the message why not; it panics where other SDKs raise an error.
fn told<T, E: Display>(ask: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("the SDK panicked".to_owned()),
    }
}

/// The code and the half minute in which it is valid, by the clock of the SDK.
fn code(uri: &str) -> Outcome<Value> {
    loop {
        let since = this_half_minute()?;
        let made = get_totp_code(uri)?.get_code().to_owned();
        if this_half_minute()? == since {
            return Ok(json!({ "code": made, "since": since }));
        }
    }
}

fn this_half_minute() -> Outcome<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 30 * 30)
}
