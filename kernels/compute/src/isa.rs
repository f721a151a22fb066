//! The ladder of instruction sets that a kernel can be compiled for, and which of them this machine has.

use std::sync::OnceLock;

/// An instruction set that a kernel may use, from the one that every machine has upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Isa {
    /// What the target guarantees (SSE2 on x86-64); multiply and add are two roundings.
    Portable,
    /// 128-bit vectors with fused multiply-add: every 64-bit Arm.
    Neon,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors with fused multiply-add (F, VL, BW and DQ).
    Avx512,
}

impl Isa {
    const ALL: [Isa; 4] = [Isa::Portable, Isa::Neon, Isa::Avx2, Isa::Avx512];

    /// The widest instruction set of this machine, looked up once.
    ///
    /// ```
    /// use lessons_compute::isa::Isa;
    /// assert!(Isa::best().is_available());
    /// ```
    pub fn best() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            Isa::ALL
                .into_iter()
                .rfind(|isa| isa.is_available())
                .unwrap_or(Isa::Portable)
        })
    }

    /// Every instruction set of this machine, the portable one first.
    pub fn available() -> Vec<Isa> {
        Isa::ALL
            .into_iter()
            .filter(|isa| isa.is_available())
            .collect()
    }

    /// Whether this machine has the instruction set.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Portable => true,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
            }
            _ => false,
        }
    }

    /// The name as reports print it.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Portable => "portable",
            Isa::Neon => "neon",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }

    pub(crate) fn verify(self) -> Option<Verified> {
        self.is_available().then_some(Verified(self))
    }
}

/// An instruction set that this machine was seen to have: the proof that the `unsafe` calls of a ladder rest on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verified(Isa);

impl Verified {
    /// The widest instruction set of this machine.
    pub(crate) fn best() -> Verified {
        Isa::best().verify().unwrap_or(Verified(Isa::Portable))
    }

    pub(crate) fn isa(self) -> Isa {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_last_of_those_available() {
        let available = Isa::available();
        assert_eq!(available[0], Isa::Portable);
        assert_eq!(available.last(), Some(&Isa::best()));
        assert!(
            Isa::ALL
                .iter()
                .all(|isa| isa.verify().is_some() == available.contains(isa))
        );
    }
}
