/** What a handler of messages or requests gives rise to; {@link Link.handlerEvents} makes status events of it. */
export interface HandlerEvents {
  /** So many were dropped or turned away, because the handler is behind; or for another reason. */
  dropped(count: number, reason?: string): void
  /** The handler threw, and there was nobody to be told. */
  failed(thrown: unknown): void
}
