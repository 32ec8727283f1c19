//! Wrapping of a key for the holder of a P-256 private key: ephemeral ECDH, SHA-256, AES-256-GCM.

use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{AffinePoint, FieldBytes, PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::keys::{Key, TransmissionKey};
use super::{Entropy, aes_gcm, no_randomness};
use crate::error::Error;

/// Bytes of an uncompressed P-256 point (SEC 1, 2.3.3: `04 || x || y`).
pub const POINT_LEN: usize = 65;

/// The public key of the recipient, for whom a key is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipientKey(PublicKey);

impl RecipientKey {
    /// Reads an uncompressed P-256 point of 65 bytes, which must be on the curve.
    #[must_use]
    pub fn from_point(bytes: &[u8]) -> Option<Self> {
        let (4, coordinates) = bytes.split_first().map(|(form, coordinates)| (*form, coordinates))? else {
            return None;
        };
        let (x, y) = coordinates.split_at_checked(aes_gcm::KEY_LEN)?;
        let (x, y) = (FieldBytes::try_from(x).ok()?, FieldBytes::try_from(y).ok()?);
        let point: Option<AffinePoint> = AffinePoint::from_coordinates(&x, &y).into();
        Some(Self(PublicKey::from_affine(point?).ok()?))
    }

    /// The point in the form in which it is read.
    #[must_use]
    pub fn to_point(&self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }
}

/// `ephemeral point || nonce || AES-256-GCM[SHA-256(x of the shared point)](key) || tag`, 125 bytes.
///
/// The ephemeral scalar is drawn first, the nonce second; a scalar out of range is drawn again.
///
/// # Errors
/// [`no_randomness`](crate::crypto::no_randomness) when the entropy source fails.
pub fn wrap_for(recipient: &RecipientKey, key: &TransmissionKey, entropy: &mut dyn Entropy) -> Result<Vec<u8>, Error> {
    let ephemeral = generate_scalar(entropy)?;
    let shared = diffie_hellman(ephemeral.to_nonzero_scalar(), recipient.0.as_affine());
    let wrapping: Key<Wrapping> = Key::new(Sha256::digest(shared.raw_secret_bytes()).into());
    let mut blob = Vec::with_capacity(POINT_LEN + aes_gcm::KEY_LEN + aes_gcm::OVERHEAD);
    blob.extend_from_slice(ephemeral.public_key().to_sec1_point(false).as_bytes());
    blob.extend_from_slice(&wrapping.encrypt(key.expose(), entropy)?);
    Ok(blob)
}

/// Marks the key that ECDH derives to wrap the transmission key.
enum Wrapping {}

/// Draws a private scalar. One draw in 2³² is out of range, so a source that misses eight times is broken.
fn generate_scalar(entropy: &mut dyn Entropy) -> Result<SecretKey, Error> {
    for _ in 0..8 {
        let mut bytes = Zeroizing::new([0; aes_gcm::KEY_LEN]);
        entropy.fill(bytes.as_mut())?;
        if let Ok(scalar) = SecretKey::from_slice(bytes.as_ref()) {
            return Ok(scalar);
        }
    }
    Err(no_randomness())
}
