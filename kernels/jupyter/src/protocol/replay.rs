//! Which messages have come before: one that was recorded must not work a second time.

use std::collections::{HashSet, VecDeque};

/// How many signatures are remembered, as many as `jupyter_client` does.
const REMEMBERED: usize = 1 << 16;

/// The signatures of the messages that came last.
#[derive(Default)]
pub(super) struct Seen {
    order: VecDeque<u128>,
    signatures: HashSet<u128>,
}

impl Seen {
    /// Notes the signature of a verified message, in hexadecimal; false when it came before.
    pub(super) fn note(&mut self, signature: &[u8]) -> bool {
        // Half of a digest is as hard to come by twice as all of it.
        let mut half = [0; 16];
        let digits = signature.get(..32).unwrap_or_default();
        if hex::decode_to_slice(digits, &mut half).is_err() {
            return true;
        }
        let number = u128::from_le_bytes(half);
        if !self.signatures.insert(number) {
            return false;
        }
        self.order.push_back(number);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.signatures.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_new_once_in_either_case_of_its_digits() {
        let mut seen = Seen::default();
        let signature = "ab".repeat(32);
        assert!(seen.note(signature.as_bytes()));
        assert!(!seen.note(signature.as_bytes()));
        assert!(!seen.note(signature.to_uppercase().as_bytes()));
        assert!(seen.note("ac".repeat(32).as_bytes()));
    }

    #[test]
    fn memory_is_bounded() {
        let mut seen = Seen::default();
        for number in 0..REMEMBERED + 10 {
            assert!(seen.note(format!("{number:032x}").as_bytes()));
        }
        assert!(seen.order.len() <= REMEMBERED);
        assert_eq!(seen.order.len(), seen.signatures.len());
    }
}
