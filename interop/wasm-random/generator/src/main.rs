//! Writes random valid WebAssembly modules, the same for the same numbers: `random-modules FROM COUNT` prints, for each seed,
//! its length as four bytes (little endian) and its bytes.
use arbitrary::Unstructured;
use std::io::{self, BufWriter, Write};
use wasm_smith::{Config, Module};

/// A generator of numbers (splitmix64): one seed gives one module.
fn bytes_of(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(count);
    while bytes.len() < count {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes
}

/// What the module of a seed may have.
fn config_of(seed: u64) -> Config {
    Config {
        export_everything: true,
        canonicalize_nans: true,
        disallow_traps: seed % 2 == 0,
        allow_start_export: seed % 2 == 0,
        max_imports: (seed % 5) as usize,
        compact_imports_enabled: false,
        min_funcs: 4,
        min_memories: (seed % 2) as u32,
        max_types: 12,
        max_values: 4,
        max_globals: 10,
        max_tags: 4,
        max_data_segments: 2,
        max_element_segments: 3,
        max_memories: if seed % 3 == 0 { 3 } else { 1 },
        max_memory32_bytes: 1 << 20,
        memory_max_size_required: true,
        max_tables: 4,
        max_table_elements: 1000,
        table_max_size_required: true,
        max_funcs: 20,
        max_instructions: 200,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        simd_enabled: seed % 4 == 0,
        exceptions_enabled: seed % 3 != 0,
        tail_call_enabled: true,
        extended_const_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        memory64_enabled: false,
        gc_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// The module of a seed; not every row of numbers gives one that has what it must have.
fn module_of(seed: u64) -> Module {
    (0..)
        .find_map(|attempt: u64| {
            let bytes = bytes_of(seed + (attempt << 32), 16_384);
            Module::new(config_of(seed), &mut Unstructured::new(&bytes)).ok()
        })
        .expect("a module")
}

fn main() -> io::Result<()> {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let [from, count] = numbers[..] else { panic!("usage: random-modules FROM COUNT") };
    let mut out = BufWriter::new(io::stdout().lock());
    for seed in from..from + count {
        let mut module = module_of(seed);
        module.ensure_termination(2000).expect("a module that ends");
        let whole = module.to_bytes();
        out.write_all(&(whole.len() as u32).to_le_bytes())?;
        out.write_all(&whole)?;
    }
    out.flush()
}
