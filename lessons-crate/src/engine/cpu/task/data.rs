//! Elements of all dtypes as slices: what steps read, and what they write.

use candle_core::{CpuStorage, Device, Storage, Tensor};
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};

use crate::engine::error::RunError;
use crate::graph::DType;

/// How many words of the arena hold so many elements.
pub fn words(dtype: DType, elements: usize) -> usize {
    (elements * dtype.bytes()).div_ceil(size_of::<f32>())
}

macro_rules! data {
    ($($variant:ident $type:ty;)+) => {
        /// The elements of a value, from its first one on. Bools are bytes, 0 or 1.
        #[derive(Debug, Clone, Copy)]
        pub enum Data<'a> {
            $($variant(&'a [$type])),+
        }

        /// The place of the elements that a step writes.
        #[derive(Debug)]
        pub enum Out<'a> {
            $($variant(&'a mut [$type])),+
        }

        impl<'a> Data<'a> {
            /// What a tensor holds from an element on.
            ///
            /// # Errors
            /// When it is not in the CPU's memory, or of a dtype that graphs do not have.
            pub fn stored(storage: &'a Storage, start: usize) -> Result<Data<'a>, RunError> {
                match storage {
                    $(Storage::Cpu(CpuStorage::$variant(values)) => {
                        Ok(Data::$variant(values.get(start..).unwrap_or(&[])))
                    })+
                    _ => Err(RunError::new("a kernel reads numbers in CPU memory only")),
                }
            }

            /// The same from an element on.
            pub fn from(self, start: usize) -> Data<'a> {
                match self {
                    $(Data::$variant(values) => Data::$variant(values.get(start..).unwrap_or(&[])),)+
                }
            }

            /// The elements as a tensor of one axis.
            ///
            /// # Errors
            /// When candle has no memory for it.
            pub fn tensor(self) -> Result<Tensor, RunError> {
                Ok(match self {
                    $(Data::$variant(values) => Tensor::from_slice(values, values.len(), &Device::Cpu)?,)+
                })
            }

            /// The first elements alone.
            pub fn first(self, count: usize) -> Data<'a> {
                match self {
                    $(Data::$variant(values) => Data::$variant(values.get(..count).unwrap_or(values)),)+
                }
            }
        }
    };
}

data! {
    F64 f64;
    F32 f32;
    F16 f16;
    BF16 bf16;
    I64 i64;
    I32 i32;
    U32 u32;
    U8 u8;
}

/// Elements as bits, for steps that only move them.
#[derive(Debug, Clone, Copy)]
pub enum Bits<'a> {
    B8(&'a [u8]),
    B16(&'a [u16]),
    B32(&'a [u32]),
    B64(&'a [u64]),
}

/// The place of elements as bits.
#[derive(Debug)]
pub enum OutBits<'a> {
    B8(&'a mut [u8]),
    B16(&'a mut [u16]),
    B32(&'a mut [u32]),
    B64(&'a mut [u64]),
}

// Places in the arena begin at cache lines, so no cast is refused; if one were, the empty slice would be, by every kernel.
impl<'a> Data<'a> {
    /// What a place in the arena holds.
    pub fn in_arena(words: &'a [f32], dtype: DType) -> Data<'a> {
        match dtype {
            DType::F32 => Data::F32(words),
            DType::F64 => Data::F64(bytemuck::try_cast_slice(words).unwrap_or(&[])),
            DType::F16 => Data::F16(halves(words).reinterpret_cast()),
            DType::BF16 => Data::BF16(halves(words).reinterpret_cast()),
            DType::I64 => Data::I64(bytemuck::try_cast_slice(words).unwrap_or(&[])),
            DType::I32 => Data::I32(bytemuck::try_cast_slice(words).unwrap_or(&[])),
            DType::U32 => Data::U32(bytemuck::try_cast_slice(words).unwrap_or(&[])),
            DType::U8 | DType::Bool => Data::U8(bytemuck::try_cast_slice(words).unwrap_or(&[])),
        }
    }

    /// The numbers of a value that the graph says are `f32`.
    pub fn floats(self) -> &'a [f32] {
        match self {
            Data::F32(values) => values,
            // A verified graph and `lower` rule this out; an empty slice is refused by every kernel.
            _ => &[],
        }
    }

    pub fn bytes(self) -> &'a [u8] {
        match self {
            Data::U8(values) => values,
            _ => &[],
        }
    }

    pub fn bits(self) -> Bits<'a> {
        match self {
            Data::F64(values) => Bits::B64(bytemuck::cast_slice(values)),
            Data::F32(values) => Bits::B32(bytemuck::cast_slice(values)),
            Data::F16(values) => Bits::B16(values.reinterpret_cast()),
            Data::BF16(values) => Bits::B16(values.reinterpret_cast()),
            Data::I64(values) => Bits::B64(bytemuck::cast_slice(values)),
            Data::I32(values) => Bits::B32(bytemuck::cast_slice(values)),
            Data::U32(values) => Bits::B32(values),
            Data::U8(values) => Bits::B8(values),
        }
    }
}

fn halves(words: &[f32]) -> &[u16] {
    bytemuck::try_cast_slice(words).unwrap_or(&[])
}

impl<'a> Out<'a> {
    /// A place in the arena for so many elements.
    pub fn in_arena(words: &'a mut [f32], dtype: DType, elements: usize) -> Out<'a> {
        fn cast<T: bytemuck::Pod>(words: &mut [f32], elements: usize) -> &mut [T] {
            let values = bytemuck::try_cast_slice_mut(words).unwrap_or(&mut []);
            let elements = elements.min(values.len());
            &mut values[..elements]
        }
        match dtype {
            DType::F32 => Out::F32(cast(words, elements)),
            DType::F64 => Out::F64(cast(words, elements)),
            DType::F16 => Out::F16(cast::<u16>(words, elements).reinterpret_cast_mut()),
            DType::BF16 => Out::BF16(cast::<u16>(words, elements).reinterpret_cast_mut()),
            DType::I64 => Out::I64(cast(words, elements)),
            DType::I32 => Out::I32(cast(words, elements)),
            DType::U32 => Out::U32(cast(words, elements)),
            DType::U8 | DType::Bool => Out::U8(cast(words, elements)),
        }
    }

    /// The place of `f32`.
    pub fn floats(self) -> &'a mut [f32] {
        match self {
            Out::F32(values) => values,
            // As for what is read.
            _ => &mut [],
        }
    }

    pub fn bytes(self) -> &'a mut [u8] {
        match self {
            Out::U8(values) => values,
            _ => &mut [],
        }
    }

    pub fn indices(self) -> &'a mut [i64] {
        match self {
            Out::I64(values) => values,
            _ => &mut [],
        }
    }

    pub fn bits(self) -> OutBits<'a> {
        match self {
            Out::F64(values) => OutBits::B64(bytemuck::cast_slice_mut(values)),
            Out::F32(values) => OutBits::B32(bytemuck::cast_slice_mut(values)),
            Out::F16(values) => OutBits::B16(values.reinterpret_cast_mut()),
            Out::BF16(values) => OutBits::B16(values.reinterpret_cast_mut()),
            Out::I64(values) => OutBits::B64(bytemuck::cast_slice_mut(values)),
            Out::I32(values) => OutBits::B32(bytemuck::cast_slice_mut(values)),
            Out::U32(values) => OutBits::B32(values),
            Out::U8(values) => OutBits::B8(values),
        }
    }
}

/// Runs a body for elements of whichever size: the place, and operands of the same size.
macro_rules! by_size {
    ($out:expr, [$($read:expr),+], |$place:ident, $($data:ident),+| $body:expr) => {
        match ($out.bits(), $($read.bits()),+) {
            by_size!(@ B8 $place, $($data),+) => $body,
            by_size!(@ B16 $place, $($data),+) => $body,
            by_size!(@ B32 $place, $($data),+) => $body,
            by_size!(@ B64 $place, $($data),+) => $body,
            _ => Err($crate::engine::cpu::task::mixed()),
        }
    };
    (@ $size:ident $place:ident, $($data:ident),+) => {
        ($crate::engine::cpu::task::OutBits::$size($place), $($crate::engine::cpu::task::Bits::$size($data)),+)
    };
}
pub(super) use by_size;

/// Runs a body for indices of whichever dtype.
macro_rules! by_index {
    ($read:expr, |$indices:ident| $body:expr) => {
        match $read {
            $crate::engine::cpu::task::Data::I64($indices) => $body,
            $crate::engine::cpu::task::Data::I32($indices) => $body,
            $crate::engine::cpu::task::Data::U32($indices) => $body,
            $crate::engine::cpu::task::Data::U8($indices) => $body,
            _ => Err($crate::engine::cpu::task::mixed()),
        }
    };
}
pub(super) use by_index;

/// What a verified graph and `lower` rule out.
pub fn mixed() -> RunError {
    RunError::new("the kernel was given dtypes that it does not have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_every_dtype_lie_in_words() {
        #[repr(align(64))]
        struct Line([f32; 16]);
        for dtype in DType::ALL {
            let mut line = Line([0.0; 16]);
            let count = 5;
            let used = words(dtype, count);
            assert!(used * 4 >= count * dtype.bytes() && used * 4 < count * dtype.bytes() + 4);
            let length = match Out::in_arena(&mut line.0[..used], dtype, count).bits() {
                OutBits::B8(place) => {
                    place.fill(3);
                    place.len()
                }
                OutBits::B16(place) => {
                    place.fill(3);
                    place.len()
                }
                OutBits::B32(place) => {
                    place.fill(3);
                    place.len()
                }
                OutBits::B64(place) => {
                    place.fill(3);
                    place.len()
                }
            };
            assert_eq!(length, count, "{dtype}");
            let read = Data::in_arena(&line.0[..used], dtype).from(1).first(4);
            let all_are_3 = match read.bits() {
                Bits::B8(bits) => bits == [3; 4],
                Bits::B16(bits) => bits == [3; 4],
                Bits::B32(bits) => bits == [3; 4],
                Bits::B64(bits) => bits == [3; 4],
            };
            assert!(all_are_3, "{dtype}");
        }
    }
}
