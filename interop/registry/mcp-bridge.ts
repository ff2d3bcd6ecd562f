/** Speaks to an MCP server over its standard streams, one JSON-RPC message a line. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningProcess } from '../running-process.ts'

// biome-ignore lint/suspicious/noExplicitAny: the checks look into what Python answers
export type Answer = any

/** Introduces itself and gives what calls a tool and reads the JSON text that it answers. */
export async function mcpClient(server: RunningProcess): Promise<(tool: string, params?: object) => Promise<Answer>> {
  let last = 0
  const send = (message: object) => server.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const ask = async (method: string, params: object): Promise<Answer> => {
    const id = ++last
    send({ id, method, params })
    for (let turn = 0; turn < 1_000; turn++) {
      const answer = answers(server.output()).find((message) => message.id === id)
      if (answer?.error) throw new Error(JSON.stringify(answer.error))
      if (answer) return answer.result
      await sleep(20)
    }
    throw new Error(`${method} was not answered:\n${server.output().slice(-2_000)}`)
  }
  await ask('initialize', {
    protocolVersion: '2025-03-26',
    capabilities: {},
    clientInfo: { name: 'interop', version: '1.0.0' },
  })
  send({ method: 'notifications/initialized' })
  return async (tool, params = {}) => {
    const { content, isError } = await ask('tools/call', { name: tool, arguments: params })
    if (isError) throw new Error(JSON.stringify(content))
    return JSON.parse(content[0].text)
  }
}

function answers(output: string): Answer[] {
  return output.split('\n').flatMap((line) => {
    if (!line.startsWith('{"jsonrpc"')) return []
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
}
