/** What becomes of subscriptions, served subjects and calls when a bridge is killed, or freezes. */
import assert from 'node:assert/strict'
import { bytes, eventOf, text, until } from '../../packages/core/test/transports.ts'
import type { Interop } from '../harness.ts'
import { startBridge } from '../zenoh-bridge.ts'
import { connected } from './transports.ts'

const restarts = 20
const deadlineMs = 2000

/** Runs the checks on bridges of their own. */
export async function outages(kit: Interop, binary: string): Promise<void> {
  await kit.check(
    `a bridge killed and restarted ${restarts} times under calls: nothing is lost, and calls fail rightly and in time`,
    async () => {
      await using bridge = await startBridge(binary)
      await using serving = await connected({ endpoint: bridge.endpoint })
      await using asking = await connected({ endpoint: bridge.endpoint })
      let heard = 0
      await serving.subscribe('news.>', () => void heard++)
      await serving.subscribe('news.*', () => {}, { queue: 'q' })
      await serving.serve('echo.*', ({ payload }) => payload)
      await serving.serve('grouped', ({ payload }) => payload, { queue: 'q' })

      const outcomes = new Map<string, number>()
      const faults: string[] = []
      let longestMs = 0
      let stop = false
      const lane = async (name: number) => {
        for (let n = 0; !stop; n++) {
          const question = `${name}:${n}`
          const began = performance.now()
          const subject = n % 2 === 0 ? 'echo.a' : 'grouped'
          const outcome = await asking.request(subject, bytes(question), { timeoutMs: deadlineMs }).then(
            ({ payload }) => (text(payload) === question ? 'answered' : 'wrong'),
            ({ code }) => code as string,
          )
          longestMs = Math.max(longestMs, performance.now() - began)
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
          if (outcome !== 'answered') await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      const lanes = Array.from({ length: 8 }, (_, name) => lane(name))
      for (let round = 0; round < restarts; round++) {
        const answered = outcomes.get('answered') ?? 0
        await until(() => (outcomes.get('answered') ?? 0) > answered + 20)
        const back = Promise.all([eventOf(asking, 'connected'), eventOf(serving, 'connected')])
        await bridge.restart()
        await back
        for (const subject of ['echo.b', 'grouped'])
          await asking.request(subject, bytes('x')).catch((thrown) => faults.push(`${round}: ${subject}: ${thrown}`))
        const before = heard
        await asking.publish('news.today', bytes('x'))
        await asking.flush()
        await serving.flush()
        if (heard === before) faults.push(`${round}: the subscription is deaf`)
      }
      stop = true
      await Promise.all(lanes)
      assert.deepEqual(faults, [])
      const allowed = ['answered', 'BP_DISCONNECTED', 'BP_NO_RESPONDER', 'BP_TIMEOUT']
      assert.deepEqual(
        [...outcomes.keys()].filter((outcome) => !allowed.includes(outcome)),
        [],
      )
      assert.ok(longestMs < deadlineMs + 500, `one call took ${longestMs} ms`)
      console.log(`     ${JSON.stringify(Object.fromEntries(outcomes))}, longest call ${Math.round(longestMs)} ms`)
    },
    { timeoutMs: 120_000 },
  )

  await kit.check('a killed bridge and a frozen one are both seen', async () => {
    await using bridge = await startBridge(binary)
    await using transport = await connected({ endpoint: bridge.endpoint })
    const seen: Record<string, number> = {}
    for (const [name, signal] of [
      ['frozen', 'SIGSTOP'],
      ['killed', 'SIGKILL'],
    ] as const) {
      const lost = eventOf(transport, 'disconnected')
      const call = transport.request('nobody', bytes('')).catch(({ code }) => code)
      await call
      const began = performance.now()
      process.kill(bridge.pid, signal)
      await lost
      seen[name] = Math.round(performance.now() - began)
      const back = eventOf(transport, 'connected')
      if (signal === 'SIGSTOP') process.kill(bridge.pid, 'SIGCONT')
      else await bridge.restart()
      await back
    }
    console.log(`     seen after: frozen ${seen.frozen} ms, killed ${seen.killed} ms`)
  })

  await kit.check('what a congested network loses is told to whoever should have heard it', async () => {
    await using near = await startBridge(binary)
    await using far = await startBridge(binary, { args: ['-e', near.locator] })
    const patient = { heartbeatTimeoutMs: 60_000 }
    await using sending = await connected({ endpoint: near.endpoint, ...patient })
    await using hearing = await connected({ endpoint: far.endpoint, ...patient })
    let [sent, heard, lost, last] = [0, 0, 0, '']
    hearing.onStatus((event) => {
      if (event.type === 'slow' && event.reason) lost += event.dropped
    })
    await hearing.subscribe('flood.*', ({ payload }) => {
      heard++
      last = text(payload.subarray(0, 4))
    })
    const send = async (word: string, size: number) => {
      const payload = new Uint8Array(size)
      payload.set(bytes(word))
      await sending.publish('flood.a', payload)
      sent++
    }
    // The routes between two bridges take a moment; the first that is heard begins the count.
    for (; heard === 0; await new Promise((resolve) => setTimeout(resolve, 50))) await send('word', 4)
    await sending.flush()
    await until(() => heard + lost > 0 && last === 'word')
    const before = sent - heard
    process.kill(far.pid, 'SIGSTOP')
    for (let n = 0; n < 2000; n++) await send('word', 64 * 1024)
    await sending.flush()
    process.kill(far.pid, 'SIGCONT')
    for (; last !== 'last'; await new Promise((resolve) => setTimeout(resolve, 50))) await send('last', 4)
    await until(() => sent === before + heard + lost)
    assert.ok(lost > 0, `nothing was lost of ${sent}`)
    console.log(`     ${sent} sent, ${heard} heard, ${lost} told as lost`)
  })
}
