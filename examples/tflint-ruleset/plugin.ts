/** The ruleset `notes`: tflint starts it through `bin/tflint-ruleset-notes`. */
import { implement, servePlugin } from '@backplane/handshake-grpc'
import { noteName } from './note-name.ts'
import { handshake, RuleSet } from './protocol.ts'
import { ruleset } from './ruleset.ts'

await servePlugin({
  handshake,
  plugins: {
    ruleset: ({ broker }) =>
      implement(RuleSet, ruleset({ name: 'notes', version: '0.1.0', rules: [noteName] }, broker)),
  },
})
