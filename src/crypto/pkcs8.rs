//! The private scalar of a P-256 key: as much ASN.1 as reading that takes.
//!
//! ```text
//! OneAsymmetricKey (RFC 5958, 2)     SEQUENCE { INTEGER 0 or 1, SEQUENCE { OID ecPublicKey, OID prime256v1 },
//!                                               OCTET STRING { ECPrivateKey }, … }
//! ECPrivateKey     (RFC 5915, 3)     SEQUENCE { INTEGER 1, OCTET STRING scalar, [0] { OID prime256v1 }, … }
//! ```
//!
//! The point that most writers add, and Keeper's Java SDK leaves out, is not needed: it follows from the scalar.

use super::aes_gcm::KEY_LEN;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[0]`
const PARAMETERS: u8 = 0xa0;

/// 1.2.840.10045.2.1 (RFC 5480, 2.1.1)
const EC_PUBLIC_KEY: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7 (RFC 5480, 2.1.1.1)
const PRIME256V1: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// The 32 bytes of the scalar, which may also be given alone; `None` if this is not such a key.
pub(super) fn private_scalar(key: &[u8]) -> Option<&[u8; KEY_LEN]> {
    // A DER key that was cut to the scalar's length is not a scalar.
    let is_der = matches!(key, [SEQUENCE, _, INTEGER, 1, ..] | [SEQUENCE, 0x81, _, INTEGER, 1, ..]);
    if let (false, Ok(scalar)) = (is_der, key.try_into()) {
        return Some(scalar);
    }
    let (info, []) = take(key, SEQUENCE)? else { return None };
    let ([0 | 1], info) = take(info, INTEGER)? else { return None };
    let Some((algorithm, info)) = take(info, SEQUENCE) else { return scalar_of_sec1(key) };
    let (kind, algorithm) = take(algorithm, OBJECT_ID)?;
    let (curve, []) = take(algorithm, OBJECT_ID)? else { return None };
    if kind != EC_PUBLIC_KEY || curve != PRIME256V1 {
        return None;
    }
    let (key, _) = take(info, OCTET_STRING)?;
    scalar_of_sec1(key)
}

fn scalar_of_sec1(key: &[u8]) -> Option<&[u8; KEY_LEN]> {
    let (key, []) = take(key, SEQUENCE)? else { return None };
    let ([1], key) = take(key, INTEGER)? else { return None };
    let (scalar, key) = take(key, OCTET_STRING)?;
    if let Some((parameters, _)) = take(key, PARAMETERS)
        && take(parameters, OBJECT_ID) != Some((&PRIME256V1, &[]))
    {
        return None;
    }
    scalar.try_into().ok()
}

/// The content of the value at the start, if it has this tag, and what follows it (X.690, 8.1 and 10.1).
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        // A key of this kind is shorter than 256 bytes.
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of 138 bytes as Node writes it, the scalar all 7.
    fn long_key() -> Vec<u8> {
        let head = [0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07];
        let middle = [0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20];
        let point_head = [0xa1, 0x44, 0x03, 0x42, 0x00];
        [&head[..], &EC_PUBLIC_KEY, &[0x06, 0x08], &PRIME256V1, &middle, &[7; 32], &point_head, &[4; 65]].concat()
    }

    /// A key of 67 bytes as Java writes it: no point.
    fn short_key() -> Vec<u8> {
        let head = [0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07];
        let middle = [0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20];
        [&head[..], &EC_PUBLIC_KEY, &[0x06, 0x08], &PRIME256V1, &middle, &[7; 32]].concat()
    }

    #[test]
    fn the_scalar_is_found_with_and_without_a_point() {
        assert_eq!((long_key().len(), short_key().len()), (138, 67));
        assert_eq!(private_scalar(&long_key()), Some(&[7; 32]));
        assert_eq!(private_scalar(&short_key()), Some(&[7; 32]));
    }

    #[test]
    fn a_key_of_the_newer_version_or_of_sec_1_or_a_scalar_alone_is_one_too() {
        let mut newer = long_key();
        newer[VERSION + 1] = 1;
        assert_eq!(private_scalar(&newer), Some(&[7; 32]));
        let sec1 = |curve: &[u8]| {
            let parameters = [&[0xa0, 0x0a, 0x06, 0x08], curve].concat();
            [&[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20][..], &[7; 32], &parameters].concat()
        };
        assert_eq!(private_scalar(&sec1(&PRIME256V1)), Some(&[7; 32]));
        assert_eq!(private_scalar(&sec1(&[7; 8])), None, "another curve");
        assert_eq!(private_scalar(&[7; 32]), Some(&[7; 32]));
        assert_eq!(private_scalar(&[7; 33]), None);
    }

    /// Where the short key holds its version; the head of the long one is a byte longer.
    const VERSION: usize = 4;

    #[test]
    fn a_key_that_is_cut_or_of_another_kind_is_refused() {
        let key = short_key();
        for length in 0..key.len() {
            assert_eq!(private_scalar(&key[..length]), None, "cut at {length}");
        }
        // Everything but the scalar itself is checked.
        for position in (0..key.len() - 32).filter(|position| *position != VERSION) {
            let mut changed = key.clone();
            changed[position] ^= 1;
            assert_eq!(private_scalar(&changed), None, "byte {position} changed");
        }
        assert_eq!(private_scalar(&[key, vec![0]].concat()), None, "a byte too many");
    }
}
