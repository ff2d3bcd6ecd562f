/** The protocol's side of a ruleset: says what it has, and runs the enabled rules when the host asks. */
import type { Broker } from '@backplane/handshake-grpc'
import { status } from '@grpc/grpc-js'
import type { _proto_EmitIssue_Severity as Severity } from './generated/proto/EmitIssue.ts'
import type { RuleSetDefinition } from './generated/proto/RuleSet.ts'
import type { RunnerDefinition } from './generated/proto/Runner.ts'
import { type Calls, type Handlers, Runner } from './protocol.ts'

export type RunnerCalls = Calls<RunnerDefinition>

export interface Rule {
  readonly name: string
  /** Whether it is on where the configuration says nothing of it. */
  readonly enabled: boolean
  readonly severity: Severity
  /** Where users read about it. */
  readonly link: string
  /** Looks at the module through the host's callbacks, and emits issues. */
  check(runner: RunnerCalls): Promise<void>
}

export interface RulesetInit {
  readonly name: string
  readonly version: string
  readonly rules: readonly Rule[]
}

/** Makes the handlers of the protocol; the host serves its callbacks under an id of the broker. */
export function ruleset({ name, version, rules }: RulesetInit, broker: Broker): Handlers<RuleSetDefinition> {
  let enabled = rules.filter((rule) => rule.enabled)
  return {
    GetName: () => ({ name }),
    GetVersion: () => ({ version }),
    // The oldest tflint with this form of the protocol.
    GetVersionConstraint: () => ({ constraint: '>= 0.46' }),
    // tflint asks which version of its Go SDK speaks: this is the one whose protocol was followed.
    GetSDKVersion: () => ({ version: '0.25.0' }),
    GetRuleNames: () => ({ names: rules.map((rule) => rule.name) }),
    GetConfigSchema: () => ({ schema: {} }),
    ApplyConfig: () => ({}),

    ApplyGlobalConfig({ config }) {
      const { rules: configured = {}, only = [], disabledByDefault = false } = config ?? {}
      enabled = rules.filter((rule) => {
        if (only.length > 0) return only.includes(rule.name)
        return configured[rule.name]?.enabled ?? (rule.enabled && !disabledByDefault)
      })
      return {}
    },

    async Check({ runner: id }) {
      await using connection = await broker.dial(id)
      const runner = connection.service(Runner) as unknown as RunnerCalls
      for (const rule of enabled) {
        await rule.check(runner).catch((thrown) => {
          const reason = thrown instanceof Error ? thrown.message : String(thrown)
          throw { code: status.ABORTED, details: `failed to check "${rule.name}" rule: ${reason}` }
        })
      }
      return {}
    },
  }
}
