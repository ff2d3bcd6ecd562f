// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

const tests = [
  'src/grpc/grpc.test.ts',
  'src/http2/frame-reader.test.ts',
  'src/http2/connection.test.ts',
  'src/http2/broken-frames.test.ts',
  'src/hpack/hpack.test.ts',
  'test/limits.test.ts',
  'test/hostile.test.ts',
]

/** Safety rules of `@backplane/grpc-fast`. */
export const grpcFast: readonly Mutation[] = rulesOf('grpc-fast', [
  {
    rule: 'data after the end of a stream reaches nobody',
    file: 'src/http2/connection.ts',
    find: 'this.#streams.delete(stream.id)\n    this.#out.forget(stream)\n    // One more',
    replace: 'this.#out.forget(stream)\n    // One more',
    tests,
  },
  {
    rule: 'settings on a stream end the connection',
    file: 'src/http2/connection.ts',
    find: "if (id !== 0) throw broken('SETTINGS on a stream')",
    replace: "if (false && (id !== 0)) throw broken('SETTINGS on a stream')",
    tests,
  },
  {
    rule: 'an acknowledgement with a payload ends the connection',
    file: 'src/http2/connection.ts',
    find: "if (payload.length > 0) throw new ConnectionError(http2Code.frameSize, 'an acknowledgement with a payload')",
    replace:
      "if (false && (payload.length > 0)) throw new ConnectionError(http2Code.frameSize, 'an acknowledgement with a payload')",
    tests,
  },
  {
    rule: 'a frame of a stream that was never opened ends the connection',
    file: 'src/http2/connection.ts',
    find: 'if (!stream && (id % 2 === 0 || id >= this.#nextId)) throw broken(`a frame of stream ${id}, which was never opened`)',
    replace:
      'if (false && (!stream && (id % 2 === 0 || id >= this.#nextId))) throw broken(`a frame of stream ${id}, which was never opened`)',
    tests,
  },
  {
    rule: 'more padding than payload ends the connection',
    file: 'src/http2/frame.ts',
    find: "if (padding >= payload.length) throw new ConnectionError(http2Code.protocol, 'more padding than payload')",
    replace:
      "if (false && (padding >= payload.length)) throw new ConnectionError(http2Code.protocol, 'more padding than payload')",
    tests,
  },
  {
    rule: 'a continuation without a header block ends the connection',
    file: 'src/http2/header-blocks.ts',
    find: "if (!block) throw new ConnectionError(http2Code.protocol, 'a CONTINUATION frame without a header block')",
    replace:
      "if (false && (!block)) throw new ConnectionError(http2Code.protocol, 'a CONTINUATION frame without a header block')",
    tests,
  },
  {
    rule: 'a window update of nothing ends the connection',
    file: 'src/http2/payload.ts',
    find: "if (id === 0 && more === 0) throw new ConnectionError(http2Code.protocol, 'a WINDOW_UPDATE of nothing')",
    replace:
      "if (false && (id === 0 && more === 0)) throw new ConnectionError(http2Code.protocol, 'a WINDOW_UPDATE of nothing')",
    tests,
  },
  {
    rule: 'a ping of a wrong size ends the connection',
    file: 'src/http2/payload.ts',
    find: "if (payload.length !== 8) throw wrongSize('PING')",
    replace: "if (false && (payload.length !== 8)) throw wrongSize('PING')",
    tests,
  },
  {
    rule: 'a goaway of a wrong size ends the connection',
    file: 'src/http2/payload.ts',
    find: "if (payload.length < 8) throw wrongSize('GOAWAY')",
    replace: "if (false && (payload.length < 8)) throw wrongSize('GOAWAY')",
    tests,
  },
  {
    rule: 'settings of a wrong size end the connection',
    file: 'src/http2/settings.ts',
    find: "if (payload.length % 6 !== 0) throw new ConnectionError(http2Code.frameSize, 'a SETTINGS frame of a wrong size')",
    replace:
      "if (false && (payload.length % 6 !== 0)) throw new ConnectionError(http2Code.frameSize, 'a SETTINGS frame of a wrong size')",
    tests,
  },
  {
    rule: 'a window that is too large is refused',
    file: 'src/http2/settings.ts',
    find: "if (value > maxWindow) throw new ConnectionError(http2Code.flowControl, 'a window that is too large')",
    replace:
      "if (false && (value > maxWindow)) throw new ConnectionError(http2Code.flowControl, 'a window that is too large')",
    tests,
  },
  {
    rule: 'a header table larger than was allowed is refused',
    file: 'src/hpack/decoder.ts',
    find: "if (fields > 0 || max > this.#maxTableSize) throw bad('the size of the table is set in a wrong way')",
    replace:
      "if (false && (fields > 0 || max > this.#maxTableSize)) throw bad('the size of the table is set in a wrong way')",
    tests,
  },
  {
    rule: 'a header that is not in the table is refused',
    file: 'src/hpack/decoder.ts',
    find: 'if (!header) throw bad(`there is no field ${index}`)',
    replace: 'if (false && (!header)) throw bad(`there is no field ${index}`)',
    tests,
  },
  {
    rule: 'a header block that ends too early is refused',
    file: 'src/hpack/decoder.ts',
    find: "if (end > this.#block.length) throw bad('it ends too early')",
    replace: "if (false && (end > this.#block.length)) throw bad('it ends too early')",
    tests,
  },
])
