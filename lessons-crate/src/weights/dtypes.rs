//! The graph's dtypes as candle's. candle has no bool: it uses `u8` with 0 and 1.

use crate::graph::DType;

/// The candle dtype that holds a graph dtype.
pub fn to_candle(dtype: DType) -> candle_core::DType {
    match dtype {
        DType::F64 => candle_core::DType::F64,
        DType::F32 => candle_core::DType::F32,
        DType::F16 => candle_core::DType::F16,
        DType::BF16 => candle_core::DType::BF16,
        DType::I64 => candle_core::DType::I64,
        DType::I32 => candle_core::DType::I32,
        DType::U32 => candle_core::DType::U32,
        DType::U8 | DType::Bool => candle_core::DType::U8,
    }
}
