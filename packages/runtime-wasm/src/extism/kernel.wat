;; The memory that a guest of the Extism convention shares with its host: blocks, named by their offset (a handle).
;;
;; The guest reads and writes $data through this module and cannot reach $meta, so it cannot damage the book-keeping.
;; $data is cut into cells of 64 bytes; cell n has 16 bytes at 16n of $meta:
;;   +0 capacity   +4 length   +8 generation while in use, else 0   +12 next free block
;; reset() forgets all blocks by counting the generation up. A block that was freed is used again only where memory would have
;; to grow. Free blocks are found first-fit among the first 32 of a list, which bounds what one call can cost, since fuel is
;; not counted here.
(module
  (memory $data (export "memory") 1)
  (memory $meta (export "meta") 1)
  (global $top (mut i32) (i32.const 64))
  (global $free (mut i32) (i32.const 0))
  (global $generation (mut i32) (i32.const 1))
  (global $input (mut i32) (i32.const 0))
  (global $inputLength (mut i32) (i32.const 0))
  (global $output (mut i32) (i32.const 0))
  (global $outputLength (mut i32) (i32.const 0))
  (global $error (mut i32) (i32.const 0))

  ;; Where the book-keeping of a block in use is, or -1.
  (func $entry (param $handle i64) (result i32)
    (local $at i32)
    (if (i64.ge_u (local.get $handle) (i64.extend_i32_u (global.get $top))) (then (return (i32.const -1))))
    (local.set $at (i32.wrap_i64 (local.get $handle)))
    (if (i32.and (local.get $at) (i32.const 63)) (then (return (i32.const -1))))
    (local.set $at (i32.shr_u (local.get $at) (i32.const 2)))
    (if (i32.ne (i32.load $meta offset=8 (local.get $at)) (global.get $generation)) (then (return (i32.const -1))))
    (local.get $at))

  ;; Makes both memories large enough for $end bytes of data; 0 when they cannot be.
  (func $reserve (param $end i32) (result i32)
    (local $missing i32)
    (local.set $missing (i32.sub (i32.shr_u (i32.add (local.get $end) (i32.const 65535)) (i32.const 16)) (memory.size $data)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then (if (i32.eq (memory.grow $data (local.get $missing)) (i32.const -1)) (then (return (i32.const 0))))))
    (local.set $missing (i32.sub (i32.shr_u (i32.add (local.get $end) (i32.const 262143)) (i32.const 18)) (memory.size $meta)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then (if (i32.eq (memory.grow $meta (local.get $missing)) (i32.const -1)) (then (return (i32.const 0))))))
    (i32.const 1))

  (func $use (param $at i32) (param $capacity i32) (param $length i32)
    (local $meta i32)
    (local.set $meta (i32.shr_u (local.get $at) (i32.const 2)))
    (i32.store $meta (local.get $meta) (local.get $capacity))
    (i32.store $meta offset=4 (local.get $meta) (local.get $length))
    (i32.store $meta offset=8 (local.get $meta) (global.get $generation)))

  ;; Whether both memories hold $need bytes more as they are.
  (func $roomy (param $need i32) (result i32)
    (local $end i64)
    (local.set $end (i64.add (i64.extend_i32_u (global.get $top)) (i64.extend_i32_u (local.get $need))))
    (i32.and
      (i64.le_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size $data)) (i64.const 16)))
      (i64.le_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size $meta)) (i64.const 18)))))

  ;; Takes the next bytes behind all blocks; there is room for them.
  (func $fresh (param $need i32) (param $size i64) (result i64)
    (local $block i32)
    (local.set $block (global.get $top))
    (global.set $top (i32.add (local.get $block) (local.get $need)))
    (call $use (local.get $block) (local.get $need) (i32.wrap_i64 (local.get $size)))
    (i64.extend_i32_u (local.get $block)))

  (func (export "alloc") (param $size i64) (result i64)
    (local $need i32) (local $previous i32) (local $block i32) (local $capacity i32) (local $left i32) (local $next i32)
    (if (i64.eqz (local.get $size)) (then (return (i64.const 0))))
    (if (i64.gt_u (local.get $size) (i64.const 0x70000000)) (then (return (i64.const 0))))
    (local.set $need (i32.and (i32.add (i32.wrap_i64 (local.get $size)) (i32.const 63)) (i32.const -64)))
    ;; Room that nobody had before is taken first. Guests free what the host has freed already (Extism's hosts took ownership
    ;; of keys late, and many kits still free them): a block that were used again at once would go with them.
    (if (call $roomy (local.get $need)) (then (return (call $fresh (local.get $need) (local.get $size)))))
    (local.set $block (global.get $free))
    (local.set $left (i32.const 32))
    (block $none (loop $look
      (br_if $none (i32.or (i32.eqz (local.get $block)) (i32.eqz (local.get $left))))
      (local.set $capacity (i32.load $meta (i32.shr_u (local.get $block) (i32.const 2))))
      (local.set $next (i32.load $meta offset=12 (i32.shr_u (local.get $block) (i32.const 2))))
      (if (i32.ge_u (local.get $capacity) (local.get $need))
        (then
          ;; What is left over becomes a free block of its own when it is worth it.
          (if (i32.ge_u (i32.sub (local.get $capacity) (local.get $need)) (i32.const 128))
            (then
              (i32.store $meta (i32.shr_u (i32.add (local.get $block) (local.get $need)) (i32.const 2))
                (i32.sub (local.get $capacity) (local.get $need)))
              (i32.store $meta offset=8 (i32.shr_u (i32.add (local.get $block) (local.get $need)) (i32.const 2)) (i32.const 0))
              (i32.store $meta offset=12 (i32.shr_u (i32.add (local.get $block) (local.get $need)) (i32.const 2)) (local.get $next))
              (local.set $next (i32.add (local.get $block) (local.get $need)))
              (local.set $capacity (local.get $need))))
          (if (local.get $previous)
            (then (i32.store $meta offset=12 (i32.shr_u (local.get $previous) (i32.const 2)) (local.get $next)))
            (else (global.set $free (local.get $next))))
          (call $use (local.get $block) (local.get $capacity) (i32.wrap_i64 (local.get $size)))
          (return (i64.extend_i32_u (local.get $block)))))
      (local.set $previous (local.get $block))
      (local.set $block (local.get $next))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $look)))
    (if (i64.gt_u (i64.add (i64.extend_i32_u (global.get $top)) (i64.extend_i32_u (local.get $need))) (i64.const 0x7fff0000))
      (then (return (i64.const 0))))
    (if (i32.eqz (call $reserve (i32.add (global.get $top) (local.get $need)))) (then (return (i64.const 0))))
    (call $fresh (local.get $need) (local.get $size)))

  (func (export "free") (param $handle i64)
    (local $at i32)
    (local.set $at (call $entry (local.get $handle)))
    (if (i32.eq (local.get $at) (i32.const -1)) (then (return)))
    (i32.store $meta offset=8 (local.get $at) (i32.const 0))
    (i32.store $meta offset=12 (local.get $at) (global.get $free))
    (global.set $free (i32.wrap_i64 (local.get $handle))))

  (func $length (export "length") (param $handle i64) (result i64)
    (local $at i32)
    (local.set $at (call $entry (local.get $handle)))
    (if (i32.eq (local.get $at) (i32.const -1)) (then (return (i64.const 0))))
    (i64.load32_u $meta offset=4 (local.get $at)))
  (func (export "length_unsafe") (param $handle i64) (result i64) (call $length (local.get $handle)))

  ;; Whether $width bytes at $at lie within the data.
  (func $within (param $at i64) (param $width i64) (result i32)
    (local $size i64)
    (local.set $size (i64.shl (i64.extend_i32_u (memory.size $data)) (i64.const 16)))
    (i64.le_u (local.get $at) (i64.sub (local.get $size) (local.get $width))))
  (func (export "load_u8") (param $at i64) (result i32)
    (if (call $within (local.get $at) (i64.const 1)) (then (return (i32.load8_u $data (i32.wrap_i64 (local.get $at))))))
    (i32.const 0))
  (func (export "load_u64") (param $at i64) (result i64)
    (if (call $within (local.get $at) (i64.const 8)) (then (return (i64.load $data (i32.wrap_i64 (local.get $at))))))
    (i64.const 0))
  (func (export "store_u8") (param $at i64) (param $value i32)
    (if (call $within (local.get $at) (i64.const 1)) (then (i32.store8 $data (i32.wrap_i64 (local.get $at)) (local.get $value)))))
  (func (export "store_u64") (param $at i64) (param $value i64)
    (if (call $within (local.get $at) (i64.const 8)) (then (i64.store $data (i32.wrap_i64 (local.get $at)) (local.get $value)))))

  (func (export "input_offset") (result i64) (i64.extend_i32_u (global.get $input)))
  (func (export "input_length") (result i64) (i64.extend_i32_u (global.get $inputLength)))
  (func (export "input_load_u8") (param $at i64) (result i32)
    (if (i64.ge_u (local.get $at) (i64.extend_i32_u (global.get $inputLength))) (then (return (i32.const 0))))
    (i32.load8_u $data (i32.add (global.get $input) (i32.wrap_i64 (local.get $at)))))
  (func (export "input_load_u64") (param $at i64) (result i64)
    (local $length i64)
    (local.set $length (i64.extend_i32_u (global.get $inputLength)))
    (if (i64.lt_u (local.get $length) (i64.const 8)) (then (return (i64.const 0))))
    (if (i64.gt_u (local.get $at) (i64.sub (local.get $length) (i64.const 8))) (then (return (i64.const 0))))
    (i64.load $data (i32.add (global.get $input) (i32.wrap_i64 (local.get $at)))))

  (func (export "output_set") (param $at i64) (param $length i64)
    (local $size i64)
    (local.set $size (i64.shl (i64.extend_i32_u (memory.size $data)) (i64.const 16)))
    ;; What reaches beyond the data is no output at all.
    (if (i64.gt_u (local.get $length) (local.get $size)) (then (return)))
    (if (i64.gt_u (local.get $at) (i64.sub (local.get $size) (local.get $length))) (then (return)))
    (global.set $output (i32.wrap_i64 (local.get $at)))
    (global.set $outputLength (i32.wrap_i64 (local.get $length))))
  (func (export "error_set") (param $handle i64)
    (global.set $error
      (select (i32.const 0) (i32.wrap_i64 (local.get $handle)) (i64.eqz (call $length (local.get $handle))))))
  (func (export "error_get") (result i64) (i64.extend_i32_u (global.get $error)))

  ;; The rest is for the host alone.
  (func (export "reset")
    (global.set $top (i32.const 64))
    (global.set $free (i32.const 0))
    (global.set $generation (i32.add (global.get $generation) (i32.const 1)))
    (if (i32.eqz (global.get $generation)) (then (global.set $generation (i32.const 1))))
    (global.set $input (i32.const 0))
    (global.set $inputLength (i32.const 0))
    (global.set $output (i32.const 0))
    (global.set $outputLength (i32.const 0))
    (global.set $error (i32.const 0)))
  (func (export "input_set") (param $at i32) (param $length i32)
    (global.set $input (local.get $at))
    (global.set $inputLength (local.get $length)))
  (func (export "output_offset") (result i32) (global.get $output))
  (func (export "output_length") (result i32) (global.get $outputLength))
  (func (export "memory_bytes") (result i32) (global.get $top)))
