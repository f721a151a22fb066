//! Signatures over a message's four JSON frames.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Key;

/// Signs and verifies with HMAC-SHA256; with an empty key it does neither.
#[derive(Clone)]
pub struct Signer(Option<Hmac<Sha256>>);

/// A connection file asked for a signature scheme that this kernel doesn't know.
#[derive(Debug, thiserror::Error)]
#[error("the signature scheme {0:?} is not supported; use hmac-sha256")]
pub struct UnknownScheme(String);

impl Signer {
    /// # Errors
    /// When `scheme` is not `hmac-sha256` and there is a key to sign with.
    pub fn new(scheme: &str, key: &Key) -> Result<Self, UnknownScheme> {
        if key.as_bytes().is_empty() {
            return Ok(Self(None));
        }
        if scheme != "hmac-sha256" {
            return Err(UnknownScheme(scheme.into()));
        }
        let mac = Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        Ok(Self(Some(mac)))
    }

    /// Whether there is a key.
    pub fn signs(&self) -> bool {
        self.0.is_some()
    }

    /// The signature in lowercase hexadecimal; empty without a key.
    pub fn sign(&self, frames: [&[u8]; 4]) -> String {
        match &self.0 {
            None => String::new(),
            Some(mac) => hex::encode(digest(mac, frames).finalize().into_bytes()),
        }
    }

    /// Whether `signature` is that of `frames`, compared in constant time.
    pub fn verify(&self, signature: &[u8], frames: [&[u8]; 4]) -> bool {
        match &self.0 {
            None => true,
            Some(mac) => hex::decode(signature)
                .is_ok_and(|bytes| digest(mac, frames).verify_slice(&bytes).is_ok()),
        }
    }
}

fn digest(mac: &Hmac<Sha256>, frames: [&[u8]; 4]) -> Hmac<Sha256> {
    let mut mac = mac.clone();
    for frame in frames {
        mac.update(frame);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_rfc_4231_test_vector() {
        let signer = Signer::new("hmac-sha256", &Key::new("Jefe")).unwrap();
        let frames: [&[u8]; 4] = [b"what do ya ", b"want ", b"for ", b"nothing?"];
        let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signer.sign(frames), signature);
        assert!(signer.verify(signature.as_bytes(), frames));
        assert!(!signer.verify(&signature.as_bytes()[..62], frames));
        assert!(!signer.verify(b"", frames));
        assert!(!signer.verify(b"not hexadecimal", frames));
    }

    #[test]
    fn an_empty_key_signs_nothing_and_accepts_everything() {
        let signer = Signer::new("whatever", &Key::default()).unwrap();
        assert_eq!(signer.sign([b"{}"; 4]), "");
        assert!(signer.verify(b"junk", [b"{}"; 4]));
    }

    #[test]
    fn another_scheme_is_refused_by_name() {
        let error = Signer::new("hmac-md5", &Key::new("k")).err().unwrap();
        assert!(error.to_string().contains("hmac-md5"));
    }
}
