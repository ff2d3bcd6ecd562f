import { BackplaneError, messageOf } from '@backplane/core'
import { expect } from 'vitest'

/** Lets time pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until `check` is true; fails with `what` when it is not within `patienceMs`. */
export async function until(check: () => boolean, what: string, patienceMs = 5000): Promise<void> {
  const end = Date.now() + patienceMs
  while (!check()) {
    if (Date.now() > end) expect.fail(`${what}: not within ${patienceMs} ms`)
    await pause(2)
  }
}

/** Waits for a promise; fails with `what` when it is not settled within `patienceMs`. */
export async function soon<T>(work: Promise<T>, what: string, patienceMs = 5000): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${patienceMs} ms`)), patienceMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Expects a rejection with one of the codes, as a whole error of the catalogue: class, text and next step. Gives it.
 */
export async function rejection(work: Promise<unknown>, codes: string | readonly string[]): Promise<BackplaneError> {
  const outcome = await soon(
    work.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
    `rejection with ${codes}`,
    15_000,
  )
  if (!('error' in outcome)) expect.fail(`expected a rejection with ${codes}, but it resolved`)
  const { error } = outcome
  expect(error, 'what it rejects with is a BackplaneError').toBeInstanceOf(BackplaneError)
  const { code, message, next } = error as BackplaneError
  expect([codes].flat(), `${code}: ${message}`).toContain(code)
  expect(message, 'the error says what happened').toMatch(/\S/)
  expect(next, 'the error says what to do next').toMatch(/\S/)
  return error as BackplaneError
}

/** Expects a rejection whose text holds `text`, whatever its class: who called wraps it. */
export async function failure(work: Promise<unknown>, text: string): Promise<void> {
  const outcome = await soon(
    work.then(
      () => 'it resolved',
      (error: unknown) => messageOf(error),
    ),
    `rejection with '${text}'`,
    15_000,
  )
  expect(outcome).toContain(text)
}

/** An error of no catalogue, as the code of a handler throws it. */
export function ordinaryError(text: string): Error {
  return new Error(text)
}

/** A promise that is settled from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
