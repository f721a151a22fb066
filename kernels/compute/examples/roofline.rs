//! Measures what this machine can do at most: `cargo run --release -p lessons-compute --example roofline`.

use lessons_compute::cpu::Cpu;
use lessons_compute::isa::Isa;
use lessons_compute::pool::Pool;
use lessons_compute::roofline::{copy_bandwidth, fma_peak, read_bandwidth};

fn main() {
    let most = Pool::global().threads();
    let mut counts = vec![1];
    if most > 1 {
        counts.push(most);
    }
    for threads in counts {
        let pool = Pool::new(threads);
        println!("{threads} thread(s)");
        for isa in Isa::available() {
            let Some(cpu) = Cpu::new(isa, &pool) else {
                continue;
            };
            println!(
                "  {:<10} {:>7.1} GFLOP/s",
                isa.name(),
                fma_peak(cpu, 20) / 1e9
            );
        }
        let cpu = Cpu::with_pool(&pool);
        println!("  {:>10} {:>10} {:>10}", "bytes", "read GB/s", "copy GB/s");
        for bytes in [1 << 15, 1 << 19, 1 << 23, 1 << 27] {
            let (read, copy) = (
                read_bandwidth(cpu, bytes, 10),
                copy_bandwidth(cpu, bytes, 10),
            );
            println!("  {bytes:>10} {:>10.1} {:>10.1}", read / 1e9, copy / 1e9);
        }
    }
}
