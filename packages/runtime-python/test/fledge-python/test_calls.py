"""What each kind of plugin is called with, and what comes of its answers."""

import asyncio
import threading
import traceback

from harness import FakeCall, PluginTest, until

ROW = {"asset": "a", "timestamp": "2026-01-02 03:04:05.5+01:00", "readings": {"x": 1}}


class Poll(PluginTest):
    ODD = """
itself = {}
itself['self'] = itself
class Mute:
    def __str__(self): raise ValueError('no text')
    def tolist(self): raise OSError('no list')
mute = Mute()
"""

    def poll(self, returned, interface="1.0"):
        adapter, host = self.plugin(self.ODD + "def plugin_poll(handle):\n    return " + returned)
        return self.run_async(adapter, lambda: adapter.request("poll", {})), host

    def test_one_several_and_none(self):
        one = "{'asset': 'a', 'timestamp': 't', 'key': 'k', 'readings': {'x': 1}}"
        reading = {"asset": "a", "timestamp": "t", "key": "k", "readings": {"x": 1}}
        self.assertEqual(self.poll(one)[0], [reading])
        self.assertEqual(self.poll("[%s, %s]" % (one, one))[0], [reading, reading])
        self.assertEqual(self.poll("None")[0], [])

    def test_several_readings_of_one_asset(self):
        parts = "{'asset': 'a', 'timestamp': 't', 'readings': [{'x': 1}, {'x': 2}]}"
        readings = [{"asset": "a", "timestamp": "t", "readings": {"x": n}} for n in (1, 2)]
        self.assertEqual(self.poll(parts)[0], readings)
        self.assertEqual(self.poll("[%s]" % parts)[0], readings)
        self.assertEqual(self.poll("{'asset': 'a', 'readings': []}")[0], [])

    def test_old_names_and_missing_times(self):
        (reading,), _ = self.poll("{'asset_code': 'a', 'reading': {'x': 1}}")
        self.assertEqual((reading["asset"], reading["readings"]), ("a", {"x": 1}))
        self.assertRegex(reading["timestamp"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00:00$")

    def test_values_that_data_points_can_hold(self):
        (reading,), _ = self.poll("{'asset': 'a', 'readings': {'ns': 1795298180547494123, 'nan': float('nan'), 'inf': -1e400}}")
        self.assertEqual(repr(reading["readings"]), "{'ns': 1795298180547494123, 'nan': nan, 'inf': -inf}")
        code = "{'asset': 'a', 'readings': {'b': True, 's': b'bytes', 'l': (1, 2.5), 'd': {'n': None, 'x': 1}, 'w': 2**60}}"
        (reading,), _ = self.poll(code)
        points = {"b": True, "s": "bytes", "l": [1, 2.5], "d": {"x": 1}, "w": 2**60}
        self.assertEqual(reading["readings"], points)

    def test_values_that_they_cannot_hold_are_left_out_and_told(self):
        (reading,), host = self.poll("{'asset': 'a', 'readings': {'x': 1, 'n': None, 'o': object()}}")
        self.assertEqual(reading["readings"], {"x": 1})
        self.assertEqual(sum(level == "warn" and "left out" in message for level, message in host.logs), 2)

    def test_what_is_no_reading(self):
        for returned, words in [
            ("5", "a value of type 'int'"),
            ("[1]", "a value of type 'int' among"),
            ("{'readings': {}}", "'asset' is no text"),
            ("{'asset': 'a', 'readings': 5}", "is no dict"),
            ("{'asset': 'a', 'readings': [{'x': 1}, 5]}", "is no dict"),
            ("{'asset': 'a', 'timestamp': 1e300, 'readings': {}}", "Error: "),
            ("{'asset': 'a', 'readings': itself}", "contains itself"),
            ("{'asset': 'a', 'key': mute, 'readings': {}}", "ValueError: no text"),
            ("{'asset': 'a', 'readings': {'x': mute}}", "OSError: no list"),
        ]:
            with self.subTest(returned=returned):
                error = self.fails("BP_FLEDGE_READING_INVALID", lambda: self.poll(returned))
                self.assertIn(words, error.message)
                self.assertIn("{'asset': name", error.next)

    def test_an_asynchronous_poll(self):
        adapter, _ = self.plugin("async def plugin_poll(handle): return {'asset': 'a', 'readings': {'x': 1}}")
        self.assertEqual(len(self.run_async(adapter, lambda: adapter.request("poll", {}))), 1)

    def test_what_it_raises_passes_on(self):
        adapter, _ = self.plugin("def plugin_poll(handle): raise OSError('bus error')")
        with self.assertRaisesRegex(OSError, "bus error"):
            self.run_async(adapter, lambda: adapter.request("poll", {}))

    def test_ending_the_process_is_refused(self):
        adapter, _ = self.plugin("import sys\ndef plugin_poll(handle): sys.exit(1)")
        self.fails("BP_PLUGIN_FAILED", lambda: self.run_async(adapter, lambda: adapter.request("poll", {})))

    def test_what_only_the_caller_may_raise_is_a_failure_like_another(self):
        for raising in ("KeyboardInterrupt()", "asyncio.CancelledError()", "concurrent.futures.CancelledError()"):
            for prefix in ("", "async "):
                with self.subTest(raising=raising, prefix=prefix):
                    code = "import asyncio, concurrent.futures\n%sdef plugin_poll(handle): raise %s" % (prefix, raising)
                    adapter, _ = self.plugin(code)
                    # assertRaises would take its traceback.
                    try:
                        self.run_async(adapter, lambda: adapter.request("poll", {}))  # noqa: B023
                        self.fail("it raised nothing")
                    except RuntimeError as error:
                        text = str(error)
                        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
                    self.assertEqual(text, "the plugin raised " + raising.split(".")[-1][:-2])
                    # Tasks of older Pythons forget where they were cancelled.
                    if prefix == "":
                        self.assertIn(adapter.host.entry, files)

    def test_a_loop_that_the_plugin_closed_is_replaced(self):
        adapter, _ = self.plugin("""
        import asyncio
        async def reading(): return {'asset': 'a', 'readings': {'x': 1}}
        def plugin_poll(handle):
            loop = asyncio.get_event_loop()
            try: return loop.run_until_complete(reading())
            finally: loop.close()
        """)

        async def twice():
            return await adapter.request("poll", {}) + await adapter.request("poll", {})

        self.assertEqual(len(self.run_async(adapter, twice)), 2)


class Control(PluginTest):
    CODE = """
    import threading
    here = threading.Event()
    def plugin_poll(handle):
        here.wait(5)
        return {'asset': 'a', 'readings': {'x': 1}}
    def plugin_write(handle, name, value):
        here.set()
        return (name, value) in [('level', '5'), ('on', 'true'), ('text', 'abc'), ('f', '0.5')]
    def plugin_operation(handle, operation, parameters):
        if operation == 'odd': return 1
        return operation == 'calibrate' and parameters == [('at', '5'), ('how', 'slowly')]
    """

    def test_text_is_what_the_plugin_gets(self):
        adapter, host = self.plugin(self.CODE, mode="poll|control")

        async def work():
            writes = [("level", 5), ("on", True), ("text", "abc"), ("f", 0.5), ("level", 6)]
            answers = [await adapter.request("write", {"name": n, "value": v}) for n, v in writes]
            body = {"operation": "calibrate", "parameters": {"at": 5, "how": "slowly"}}
            answers.append(await adapter.request("operation", body))
            answers.append(await adapter.request("operation", {"operation": "odd"}))
            return answers

        self.assertEqual(self.run_async(adapter, work), [True, True, True, True, False, True, False])
        self.assertTrue(any("not a bool" in message for _, message in host.logs))

    def test_writing_does_not_wait_for_a_poll(self):
        adapter, _ = self.plugin(self.CODE, mode="poll|control")

        async def work():
            poll = asyncio.ensure_future(adapter.request("poll", {}))
            await asyncio.sleep(0.05)
            await asyncio.wait_for(adapter.request("write", {"name": "level", "value": 5}), 3)
            return await poll

        self.assertEqual(len(self.run_async(adapter, work)), 1)


class AsyncSouth(PluginTest):
    CODE = """
    import threading, async_ingest
    def plugin_register_ingest(handle, callback, ref):
        handle['to'] = (callback, ref)
    def plugin_start(handle):
        handle['end'] = threading.Event()
        def run():
            n = 0
            while not handle['end'].wait(0.001):
                n += 1
                async_ingest.ingest_callback(*handle['to'], {'asset': 'a', 'timestamp': 't', 'readings': {'n': n}})
        handle['thread'] = threading.Thread(target=run)
        handle['thread'].start()
    def plugin_shutdown(handle):
        handle['end'].set()
        handle['thread'].join()
    """

    def numbers(self, events):
        return [row["readings"]["n"] for _, payload in events for row in payload["readings"]]

    def test_readings_become_events_in_order(self):
        adapter, host = self.plugin(self.CODE, mode="async")
        self.run_async(adapter, lambda: until(lambda: len(self.numbers(host.events)) >= 20))
        numbers = self.numbers(host.events)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertTrue(all(name == "readings" for name, _ in host.events))

    def test_somebody_may_take_them_over(self):
        adapter, host = self.plugin(self.CODE, mode="async")

        async def work():
            await adapter.request("take", None)
            await asyncio.sleep(0.05)
            before = len(host.events)
            await until(lambda: len(host.pushed) > 5)
            self.assertEqual(len(host.events), before)
            await adapter.request("release", None)
            await until(lambda: len(host.events) > before)

        self.run_async(adapter, work)
        self.assertEqual(host.pushed[0][0], "readings")

    def test_a_stream_of_them(self):
        adapter, _ = self.plugin(self.CODE, mode="async")
        call = FakeCall()
        count = self.run_async(adapter, lambda: adapter.invoke("ingest", {"limit": 5}, call))
        self.assertEqual((count, len(call.items)), (5, 5))
        self.assertEqual(call.items[0]["asset"], "a")

    def test_the_plugin_waits_while_the_host_does_not_take(self):
        adapter, host = self.plugin(
            """
            import threading, async_ingest
            def plugin_register_ingest(handle, callback, ref): handle['to'] = (callback, ref)
            def plugin_start(handle):
                handle['n'] = 0
                def run():
                    for n in range(5000):
                        async_ingest.ingest_callback(*handle['to'], {'asset': 'a', 'readings': {'n': n}})
                        handle['n'] = n
                threading.Thread(target=run, daemon=True).start()
            """,
            mode="async",
        )
        gate = threading.Event()
        plain = host.emit

        async def slow(event, payload=None):
            while not gate.is_set():
                await asyncio.sleep(0.01)
            await plain(event, payload)

        host.emit = slow

        async def work():
            await until(lambda: adapter._run.handle["n"] >= 900)
            await asyncio.sleep(0.1)
            self.assertLess(adapter._run.handle["n"], 1300)
            gate.set()
            await until(lambda: len(self.numbers(host.events)) == 5000)

        self.run_async(adapter, work)
        self.assertEqual(self.numbers(host.events), list(range(5000)))

    def test_who_does_not_keep_up_holds_up_nobody(self):
        adapter, host = self.plugin(self.CODE.replace("wait(0.001)", "is_set() and n < 3000"), mode="async")

        class Stuck(FakeCall):
            async def send(self, item):
                await asyncio.sleep(60)

        async def work():
            stuck = asyncio.ensure_future(adapter.invoke("ingest", {}, Stuck()))
            await until(lambda: len(self.numbers(host.events)) >= 2000)
            stuck.cancel()

        self.run_async(adapter, work)
        self.assertTrue(any("does not keep up" in message for _, message in host.logs))

    def test_what_is_too_large_together_leaves_in_parts(self):
        from backplane_worker.errors import PluginError

        adapter, host = self.plugin(
            """
            import async_ingest
            def plugin_register_ingest(handle, callback, ref): handle['to'] = (callback, ref)
            def plugin_start(handle):
                rows = [{'asset': 'a', 'readings': {'n': n}} for n in range(50)]
                async_ingest.ingest_callback(*handle['to'], rows)
            """,
            mode="async",
        )
        plain = host.emit

        async def small(event, payload=None):
            if len(payload["readings"]) > 7:
                raise PluginError("too large", code="BP_PAYLOAD_TOO_LARGE")
            await plain(event, payload)

        host.emit = small
        self.run_async(adapter, lambda: until(lambda: len(self.numbers(host.events)) == 50))
        self.assertEqual(self.numbers(host.events), list(range(50)))

    def test_what_is_no_reading_is_logged(self):
        adapter, host = self.plugin(
            """
            import async_ingest
            def plugin_register_ingest(handle, callback, ref): async_ingest.ingest_callback(ref, callback, 'junk')
            def plugin_start(handle): pass
            """,
            mode="async",
        )
        self.run_async(adapter, lambda: asyncio.sleep(0))
        self.assertTrue(any("that are none" in message for _, message in host.logs))

    def test_readings_before_foglamp_1_5(self):
        adapter, host = self.plugin(
            """
            import asyncio, threading
            from foglamp.services.south.ingest import Ingest
            def plugin_register_ingest(handle, callback, ref): pass
            def plugin_start(handle):
                give = Ingest.add_readings(asset='a', timestamp='t', key='k', readings={'x': 1})
                threading.Thread(target=lambda: asyncio.run(give)).start()
            """,
            mode="async",
        )
        self.run_async(adapter, lambda: until(lambda: host.events))
        self.assertEqual(host.events[0][1]["readings"][0]["key"], "k")


class North(PluginTest):
    def send(self, code, rows=(ROW, ROW)):
        adapter, host = self.plugin(code, kind="north")
        return self.run_async(adapter, lambda: adapter.request("send", {"readings": list(rows)}))

    def test_what_it_gets(self):
        code = """
        got = []
        def plugin_send(handle, payload, stream_id):
            got.append((payload, stream_id))
            return len(payload)
        """
        adapter, _ = self.plugin(code, kind="north")
        rows = [ROW, {"asset": "b", "id": 42, "readings": {"y": 2}, "timestamp": "odd"}]
        sent = self.run_async(adapter, lambda: adapter.request("send", {"readings": rows}))
        self.assertEqual(sent, {"sent": 2})
        time = "2026-01-02 02:04:05.500000+00:00"
        first = {"id": 1, "asset_code": "a", "reading": {"x": 1}, "ts": time, "user_ts": time}
        second = {"id": 42, "asset_code": "b", "reading": {"y": 2}, "ts": "odd", "user_ts": "odd"}
        self.assertEqual(adapter._module.got, [([first, second], "000001")])

    def test_counts(self):
        for answer, sent in [
            ("return 1", {"sent": 1}),
            ("return 9", {"sent": 2}),
            ("return True, 7, 2", {"sent": 2, "last_id": 7}),
            ("return False, 0, 0", {"sent": 0}),
            ("return None", {"sent": 0}),
        ]:
            for head in ("def", "async def"):
                with self.subTest(answer=answer, head=head):
                    self.assertEqual(self.send("%s plugin_send(handle, payload, stream_id): %s" % (head, answer)), sent)

    def test_two_arguments_do(self):
        self.assertEqual(self.send("def plugin_send(handle, payload): return len(payload)"), {"sent": 2})

    def test_what_is_no_count(self):
        error = self.fails(
            "BP_FLEDGE_RESULT_INVALID", lambda: self.send("async def plugin_send(h, p, s): return 'all'")
        )
        self.assertEqual(error.message, "plugin_send of 'it' returned a value of type 'str', not the number of readings sent.")

    def test_readings_that_are_none(self):
        self.fails("BP_PARAMS_INVALID", lambda: self.send("def plugin_send(h, p, s): return 0", [{"asset": "a"}]))

    def test_a_loop_kept_from_init_works_later(self):
        sent = self.send(
            """
            import asyncio
            def plugin_init(config): return {'loop': asyncio.get_event_loop(), 'plain': config}
            async def plugin_send(handle, payload, stream_id):
                done = handle['loop'].create_future()
                handle['loop'].call_later(0.01, done.set_result, len(payload))
                return True, payload[-1]['id'], await done
            """
        )
        self.assertEqual(sent, {"sent": 2, "last_id": 2})

    def test_cancelling_ends_a_send(self):
        adapter, _ = self.plugin(
            """
            import asyncio
            seen = []
            async def plugin_send(handle, payload, stream_id):
                seen.append('begun')
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    seen.append('cancelled')
            """,
            kind="north",
        )

        async def work():
            call = asyncio.ensure_future(adapter.request("send", {"readings": [ROW]}))
            await until(lambda: adapter._module.seen == ["begun"])
            call.cancel()
            await until(lambda: adapter._module.seen == ["begun", "cancelled"])

        self.run_async(adapter, work)


    def test_giving_up_one_leaves_the_others(self):
        adapter, _ = self.plugin(
            """
            import asyncio, threading
            seen = []
            go_on = threading.Event()
            async def plugin_send(handle, payload, stream_id):
                seen.append(payload[0]['asset_code'])
                for _ in range(1000):
                    if go_on.is_set():
                        return 1
                    await asyncio.sleep(0.01)
            """,
            kind="north",
        )

        async def work():
            calls = [
                asyncio.ensure_future(adapter.request("send", {"readings": [dict(ROW, asset=name)]})) for name in "abc"
            ]
            await until(lambda: adapter._module.seen == ["a"])
            calls[1].cancel()
            await asyncio.wait([calls[1]])
            self.assertTrue(calls[1].cancelled())
            adapter._module.go_on.set()
            return [await calls[0], await calls[2]]

        self.assertEqual(self.run_async(adapter, work), [{"sent": 1}, {"sent": 1}])
        self.assertEqual(adapter._module.seen, ["a", "c"])


class Filter(PluginTest):
    INIT = """
import filter_ingest
def plugin_init(config, ingest_ref, callback):
    return dict(copy.deepcopy(config), to=(callback, ingest_ref))
"""

    def filter(self, code):
        adapter, host = self.plugin(self.INIT + code, kind="filter")

        return self.run_async(adapter, lambda: adapter.request("filter", {"readings": [ROW, ROW]})), host

    def test_what_it_passes_on(self):
        given, _ = self.filter(
            """
def plugin_ingest(handle, data):
    for row in data:
        row['readings']['y'] = row['readings']['x'] + 1
        row['readings']['keys'] = ','.join(sorted(row))
    filter_ingest.filter_ingest_callback(*handle['to'], data)
"""
        )
        self.assertEqual(given[1]["readings"], {"x": 1, "y": 2, "keys": "asset,id,readings,ts,user_ts"})
        self.assertEqual((given[0]["id"], given[0]["timestamp"]), (1, "2026-01-02 02:04:05.500000+00:00"))

    def test_nothing_or_several_times(self):
        self.assertEqual(self.filter("def plugin_ingest(handle, data): pass")[0], [])
        each = "    for row in data: filter_ingest.filter_ingest_callback(*handle['to'], [row])"
        for head in ("def", "async def"):
            self.assertEqual(len(self.filter("%s plugin_ingest(handle, data):\n%s" % (head, each))[0]), 2)

    def test_what_comes_later_is_an_event(self):
        adapter, host = self.plugin(
            self.INIT
            + """
import threading
answered = threading.Event()
def later(*args):
    answered.wait(10)
    filter_ingest.filter_ingest_callback(*args)
def plugin_ingest(handle, data):
    threading.Thread(target=later, args=(*handle['to'], data)).start()
""",
            kind="filter",
        )

        async def work():
            given = await adapter.request("filter", {"readings": [ROW, ROW]})
            adapter._module.answered.set()
            await until(lambda: host.events)
            return given

        self.assertEqual(self.run_async(adapter, work), [])
        self.assertEqual(len(host.events[0][1]["readings"]), 2)


class RuleAndDelivery(PluginTest):
    def test_a_rule(self):
        adapter, host = self.plugin(
            """
            import json
            def plugin_triggers(handle): return {'triggers': [{'asset': 'a'}]}
            def plugin_eval(handle, data):
                handle['state'] = type(data) == dict and json.loads(data)['a']['x'] > 5 and data['a']['x'] > 5
                return handle['state'] if data['a']['x'] < 100 else 'yes'
            def plugin_reason(handle): return json.dumps({'reason': 'triggered' if handle['state'] else 'cleared'})
            """,
            kind="notificationRule",
        )

        async def work():
            answers = [await adapter.request("triggers", {})]
            for x in (1, 6, 200):
                answers.append(await adapter.request("evaluate", {"data": {"a": {"x": x}, "timestamp_a": 1.5}}))
                answers.append((await adapter.request("reason", {}))["reason"])
            return answers

        self.assertEqual(
            self.run_async(adapter, work),
            [{"triggers": [{"asset": "a"}]}, False, "cleared", True, "triggered", False, "triggered"],
        )

    def test_documents_that_are_none(self):
        code = "def plugin_triggers(h): return 5\ndef plugin_eval(h, d): pass\ndef plugin_reason(h): return '{'"
        for name in ("triggers", "reason"):
            adapter, _ = self.plugin(code, kind="rule")
            self.fails("BP_FLEDGE_RESULT_INVALID", lambda: self.run_async(adapter, lambda: adapter.request(name, {})))

    def test_a_delivery_finds_the_data_in_the_reason(self):
        adapter, _ = self.plugin("def plugin_deliver(h, d, n, reason, m): return reason == EXPECTED\n"
                                 "EXPECTED = {'reason': 'triggered', 'data': {'a': {'x': 1}}}", kind="delivery")
        body = {"notification": "n", "reason": {"reason": "triggered"}, "data": {"a": {"x": 1}}, "message": "m"}
        self.assertIs(self.run_async(adapter, lambda: adapter.request("deliver", body)), True)

    def test_a_delivery_of_either_age(self):
        new = "def plugin_deliver(handle, delivery, notification, reason, message): return deliver(delivery, notification, reason, message)"
        old = "def plugin_deliver(handle, notification, reason, message): return deliver('it', notification, reason, message)"
        for head in (new, old):
            adapter, _ = self.plugin(
                """
                import json
                def deliver(delivery, notification, reason, message):
                    return (delivery, notification, json.loads(reason)['reason'], message) == ('it', 'n', 'triggered', 'm')
                """
                + "\n                "
                + head,
                kind="delivery",
            )
            body = {"notification": "n", "reason": {"reason": "triggered"}, "message": "m"}
            self.assertIs(self.run_async(adapter, lambda: adapter.request("deliver", body)), True)

    def test_what_its_kind_does_not_have(self):
        from backplane_worker.adapters.base import UnknownFunction

        adapter, _ = self.plugin("def plugin_deliver(h, d, n, r, m): return True", kind="delivery")
        with self.assertRaises(UnknownFunction):
            self.run_async(adapter, lambda: adapter.request("poll", {}))
