import { DropCount, type HandlerEvents } from '@backplane/core/transport'

/** Tells as `slow` events what could not be sent, once a turn for each subject. */
export class Losses {
  readonly #eventsOf: (subject: string) => HandlerEvents
  /** By subject, what could not be sent in this turn. */
  readonly #unsent = new Map<string, DropCount>()

  constructor(eventsOf: (subject: string) => HandlerEvents) {
    this.#eventsOf = eventsOf
  }

  /** What was published on `subject` is not sent. */
  notSent(subject: string): void {
    let count = this.#unsent.get(subject)
    if (!count) {
      count = new DropCount((lost) => {
        this.#unsent.delete(subject)
        this.#eventsOf(subject).dropped(lost, 'not sent: the link is congested')
      })
      this.#unsent.set(subject, count)
    }
    count.add()
  }
}
