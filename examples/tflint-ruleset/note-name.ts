/** The rule `notes_note_name`: names of notes are lower-case words, joined by hyphens. */
import { decode } from '@msgpack/msgpack'
import type { Expression__Output } from './generated/proto/Expression.ts'
import type { Rule, RunnerCalls } from './ruleset.ts'

const resource = 'notes_note'

export const noteName: Rule = {
  name: 'notes_note_name',
  enabled: true,
  severity: 'SEVERITY_ERROR',
  link: 'https://github.com/backplane-dev/backplane/tree/main/examples/tflint-ruleset',

  async check(runner) {
    const { check: _, ...rule } = noteName
    for (const expression of await names(runner)) {
      const name = await evaluate(runner, expression)
      if (name === undefined || /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) continue
      const message = `"${name}" is no name of a note: lower-case words and digits, joined by hyphens, are.`
      await runner.EmitIssue({ rule, message, range: expression.range })
    }
  },
}

/**
 * The expressions of the attribute `name` in all resources of the type, those that `count` and `for_each` make
 * included.
 */
async function names(runner: RunnerCalls): Promise<Expression__Output[]> {
  const body = { attributes: [{ name: 'name' }] }
  const { content } = await runner.GetModuleContent({
    schema: { blocks: [{ type: 'resource', labelNames: ['type', 'name'], body }] },
    option: { moduleCtx: 'MODULE_CTX_TYPE_SELF', hint: { resourceType: resource }, expandMode: 'EXPAND_MODE_EXPAND' },
  })
  // The hint is only a hint: other resources come along.
  const blocks = (content?.blocks ?? []).filter(({ labels }) => labels[0] === resource)
  return blocks.flatMap((block) => block.body?.attributes.name?.expression ?? [])
}

/** A text that the host evaluates; `undefined` when it is null, known only after apply, or secret. */
async function evaluate(runner: RunnerCalls, expression: Expression__Output): Promise<string | undefined> {
  const type = Buffer.from(JSON.stringify('string'))
  const option = { type, moduleCtx: 'MODULE_CTX_TYPE_SELF' } as const
  const { value, marks } = await runner.EvaluateExpr({ expression, option })
  if (marks.some(({ sensitive, ephemeral }) => sensitive || ephemeral)) return undefined
  // A value that is not known is an extension of MessagePack, so no string either.
  const text = decode(value)
  return typeof text === 'string' ? text : undefined
}
