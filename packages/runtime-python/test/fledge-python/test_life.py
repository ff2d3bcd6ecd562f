"""What a plugin's life looks like: info, init, start, reconfigure, hand over, shutdown."""

import asyncio
import os
import sys

from harness import HEAD, PluginTest, until
from backplane_worker.adapters import fledge_ingest, fledge_retry  # noqa: E402 I001
from backplane_worker.errors import PluginError  # noqa: E402


class Info(PluginTest):
    ODD = """
itself = {}
itself['self'] = itself
class Mute(Exception):
    def __str__(self): raise ValueError('no text')
"""

    def info(self, given):
        return lambda: self.plugin(self.ODD + "def plugin_info():\n    %s\ndef plugin_poll(handle): pass" % given)

    def test_it_becomes_the_manifest(self):
        adapter, _ = self.plugin(
            """
            CONFIG['rate'] = {'description': 'r', 'type': 'integer', 'default': 5, 'order': 1, 'value': '7', 'mandatory': True}
            CONFIG['map'] = {'description': 'm', 'type': 'JSON', 'default': {'a': [1]}}
            CONFIG['pick'] = {'description': 'p', 'type': 'enumeration', 'default': 'x', 'options': ('x', 'y')}
            def plugin_poll(handle): pass
            """
        )
        described = adapter.describe()
        manifest = described["manifest"]
        self.assertEqual(manifest["version"], "1.2.3")
        self.assertEqual(manifest["description"], "A test")
        self.assertEqual(manifest["service"], {"kind": "south", "mode": "poll"})
        rate = {"description": "r", "type": "integer", "default": "5", "order": "1", "mandatory": "true"}
        self.assertEqual(manifest["config"]["rate"], rate)
        self.assertEqual(manifest["config"]["map"]["default"], '{"a": [1]}')
        self.assertEqual(manifest["config"]["pick"]["options"], ["x", "y"])
        self.assertEqual([f["name"] for f in described["functions"]], ["poll"])
        self.assertEqual(described["has"], ["hand_over", "health"])

    def test_functions_by_kind_and_mode(self):
        control = "def plugin_write(h, n, v): pass\ndef plugin_operation(h, o, p): pass\n"
        cases = [
            ("south", "poll", "def plugin_poll(h): pass\n" + control, ["poll"]),
            ("south", "poll|control", "def plugin_poll(h): pass\n" + control, ["poll", "write", "operation"]),
            ("south", "control", control, ["write", "operation"]),
            ("device", "async", "def plugin_register_ingest(h, c, r): pass", ["ingest"]),
            ("north", "none", "def plugin_send(h, r, s): pass", ["send"]),
            ("filter", "none", "def plugin_ingest(h, d): pass", ["filter", "ingest"]),
            ("notificationDelivery", "none", "def plugin_deliver(h, d, n, r, m): pass", ["deliver"]),
        ]
        for kind, mode, code, names in cases:
            with self.subTest(kind=kind, mode=mode):
                adapter, _ = self.plugin(code, kind=kind, mode=mode)
                self.assertEqual([f["name"] for f in adapter.describe()["functions"]], names)

    def test_unknown_modes_are_warned_of(self):
        _, host = self.plugin("def plugin_poll(h): pass", mode="poll|turbo")
        self.assertIn(("warn", "'mode' names 'turbo', which nobody knows"), host.logs)

    def test_what_cannot_be_used(self):
        cases = [
            ("raise ValueError('no sensor')", "BP_FLEDGE_INFO_INVALID", "raised ValueError: no sensor"),
            ("return None", "BP_FLEDGE_INFO_INVALID", "returned nothing, not a dict"),
            ("return {'name': 'x'}", "BP_FLEDGE_INFO_INVALID", "'version' must be text"),
            (
                "return {'name': 'x', 'version': '1', 'type': 'storage', 'interface': '1.0', 'config': {}}",
                "BP_FLEDGE_INFO_INVALID",
                "'type' must be one of",
            ),
            (
                "return {'name': 'x', 'version': '1', 'type': 'south', 'interface': '1.0', 'config': {'a': 1}}",
                "BP_FLEDGE_INFO_INVALID",
                "config item 'a' must be a dict",
            ),
            (
                "return {'name': 'x', 'version': '1', 'type': 'south', 'interface': '1.0', 'config': '{'}",
                "BP_FLEDGE_INFO_INVALID",
                "'config' is no JSON",
            ),
            (
                "return {'name': 'x', 'version': '1', 'type': 'south', 'interface': '3.0', 'config': {}}",
                "BP_FLEDGE_INTERFACE_UNKNOWN",
                "interface version '3.0'",
            ),
            ("return {'name': 'x', 'version': '1', 'type': 'south', 'config': {}}", "BP_FLEDGE_INTERFACE_UNKNOWN", "none"),
            ("raise SystemExit(3)", "BP_FLEDGE_INFO_INVALID", "it raised SystemExit: 3"),
            ("raise KeyboardInterrupt()", "BP_FLEDGE_INFO_INVALID", "it raised KeyboardInterrupt"),
            ("raise Mute()", "BP_FLEDGE_INFO_INVALID", "it raised Mute"),
        ]
        for given, code, words in cases:
            with self.subTest(given=given):
                self.assertIn(words, self.fails(code, self.info(given)).message)

    def test_config_items_that_are_no_json_are_named(self):
        items = [
            ("{'type': 'string', 'default': {1, 2}}", "'default' of config item 'a'"),
            ("{'type': 'string', 'default': b'x'}", "'default' of config item 'a'"),
            ("{'type': 'string', 'default': itself}", "'default' of config item 'a'"),
            ("{'type': 'enumeration', 'options': [object()], 'default': 'x'}", "'options' of config item 'a'"),
            ("{'type': 'enumeration', 'options': [float('nan')], 'default': 'x'}", "'options' of config item 'a'"),
            ("{'type': 'string', 'default': 'x', (1, 2): 'y'}", "(1, 2) of config item 'a'"),
        ]
        for item, words in items:
            with self.subTest(item=item):
                given = "return {'name': 'x', 'version': '1', 'type': 'south', 'interface': '1.0', 'config': {'a': %s}}" % item
                self.assertIn(words, self.fails("BP_FLEDGE_INFO_INVALID", self.info(given)).message)

    def test_entries_that_its_kind_needs(self):
        for kind, mode, entry in [
            ("south", "poll", "plugin_poll"),
            ("south", "control", "plugin_poll"),
            ("south", "async", "plugin_register_ingest"),
            ("north", "none", "plugin_send"),
            ("filter", "none", "plugin_ingest"),
            ("rule", "none", "plugin_triggers"),
            ("delivery", "none", "plugin_deliver"),
        ]:
            with self.subTest(kind=kind, mode=mode):
                error = self.fails("BP_FLEDGE_ENTRY_MISSING", lambda: self.plugin("", kind=kind, mode=mode))
                self.assertIn(entry, error.message)
        self.fails("BP_FLEDGE_ENTRY_MISSING", lambda: self.plugin("x = 1", head=""))


class Configuration(PluginTest):
    def test_values_come_as_fledge_gives_them(self):
        adapter, _ = self.plugin(
            """
            import json
            CONFIG['n'] = {'description': '', 'type': 'integer', 'default': '5'}
            CONFIG['f'] = {'description': '', 'type': 'float', 'default': '5'}
            CONFIG['b'] = {'description': '', 'type': 'boolean', 'default': 'true'}
            CONFIG['j'] = {'description': '', 'type': 'JSON', 'default': '{"a": 1}'}
            CONFIG['l'] = {'description': '', 'type': 'list', 'items': 'integer', 'default': '["1"]', 'listName': 'all'}
            def plugin_poll(handle):
                assert type(handle['j']['value']) == dict
                both = [handle['j']['value']['a'], json.loads(handle['j']['value'])['a']]
                values = {name: item['value'] for name, item in handle.items()}
                values['j'] = json.dumps(both)
                return {'asset': 'a', 'readings': values}
            """,
            config={"plugin": "it", "n": 7, "f": 2, "b": False, "j": {"a": 9}, "l": [1, 2]},
        )
        reading = self.run_async(adapter, lambda: adapter.request("poll", {}))[0]
        self.assertEqual(
            reading["readings"],
            {"plugin": "it", "n": "7", "f": "2.0", "b": "false", "j": "[9, 9]", "l": '{"all": ["1", "2"]}'},
        )

    def test_deprecated_items_are_gone(self):
        adapter, _ = self.plugin(
            """
            CONFIG['old'] = {'description': '', 'type': 'string', 'default': 'x', 'deprecated': 'true'}
            def plugin_poll(handle): return {'asset': 'a', 'readings': {'items': ','.join(handle)}}
            """
        )
        self.assertEqual(self.run_async(adapter, lambda: adapter.request("poll", {}))[0]["readings"], {"items": "plugin"})

    def test_defaults_hold_where_the_host_has_no_value(self):
        adapter, _ = self.plugin("def plugin_poll(h): return {'asset': h['plugin']['value'], 'readings': {'x': 1}}")
        self.assertEqual(self.run_async(adapter, lambda: adapter.request("poll", {}))[0]["asset"], "it")


class Reconfigure(PluginTest):
    CODE = """
    CONFIG['n'] = {'description': '', 'type': 'integer', 'default': '1'}
    def plugin_poll(handle):
        return {'asset': 'a', 'readings': {'n': handle['n']['value'], 'spoilt': 'spoilt' in handle}}
    def plugin_reconfigure(handle, config):
        handle['spoilt'] = True
        n = config['n']['value']
        if n == '13':
            raise ValueError('13 is not allowed')
        if n == '14':
            return None
        if n == '15':
            return 'a text'
        return plugin_init(config)
    """

    def test_the_new_handle_holds_or_the_old_one_stays(self):
        adapter, _ = self.plugin(self.CODE)
        self.assertIn("reconfigure", adapter.describe()["has"])

        async def work():
            seen = []
            for value in (2, 13, 14, 15, 3):
                try:
                    await adapter.reconfigure({"values": {"n": value}, "previous": {}, "changed": ["n"]})
                    seen.append("taken")
                except Exception as error:
                    seen.append((error.code, error.message))
                seen.append((await adapter.request("poll", {}))[0]["readings"])
            return seen

        taken, two, raised, kept, nothing, kept_too, text, kept_again, taken_too, three = self.run_async(adapter, work)
        self.assertEqual((taken, two), ("taken", {"n": "2", "spoilt": False}))
        self.assertEqual(raised, ("BP_PLUGIN_FAILED", "plugin_reconfigure raised ValueError: 13 is not allowed"))
        self.assertEqual((nothing[0], text[0]), ("BP_FLEDGE_HANDLE_INVALID", "BP_FLEDGE_HANDLE_INVALID"))
        self.assertEqual([kept, kept_too, kept_again], [two, two, two])
        self.assertEqual((taken_too, three["n"]), ("taken", "3"))

    ASYNC = """
    import async_ingest
    CONFIG['n'] = {'description': '', 'type': 'integer', 'default': '1'}
    log = []
    def plugin_init(config):
        if config['n']['value'] == '13' or len(log) > 5:
            raise ValueError('13 is not allowed')
        return dict(config)
    def plugin_register_ingest(handle, callback, ref):
        handle['out'] = (callback, ref)
    def plugin_start(handle):
        log.append('start ' + handle['n']['value'])
        async_ingest.ingest_callback(*handle['out'], {'asset': handle['n']['value'], 'readings': {'x': 1}})
    def plugin_shutdown(handle):
        log.append('shutdown')
    def plugin_reconfigure(handle, config):
        plugin_shutdown(handle)
        return plugin_init(config)
    """

    def test_an_asynchronous_south_that_refuses_is_begun_anew(self):
        adapter, host = self.plugin(self.ASYNC, mode="async", config={"n": 1})

        async def work():
            with self.assertRaisesRegex(Exception, "13 is not allowed"):
                await adapter.reconfigure({"values": {"n": 13}, "previous": {}, "changed": ["n"]})
            await until(lambda: len(host.events) == 2)

        self.run_async(adapter, work)
        assets = [reading["asset"] for _, event in host.events for reading in event["readings"]]
        self.assertEqual(assets, ["1", "1"])
        self.assertEqual(adapter._module.log, ["start 1", "shutdown", "shutdown", "start 1", "shutdown"])

    def test_one_that_cannot_go_on_ends_its_process(self):
        adapter, _ = self.plugin(self.ASYNC, mode="async", config={"n": 1})

        async def work():
            adapter._module.log.extend("....")
            await adapter.reconfigure({"values": {"n": 13}, "previous": {}, "changed": ["n"]})

        with self.assertRaisesRegex(SystemExit, "could not go on with its former configuration: plugin_init raised ValueError"):
            self.run_async(adapter, work)

    def test_a_filter_keeps_the_very_handle(self):
        adapter, _ = self.plugin(
            """
            import filter_ingest
            first = []
            def plugin_init(config, ref, callback):
                handle = dict(config, ref=ref, callback=callback)
                first.append(handle)
                return handle
            def plugin_ingest(handle, data):
                filter_ingest.filter_ingest_callback(handle['callback'], handle['ref'], data if first[0] is handle else [])
            def plugin_reconfigure(handle, config):
                return dict(config, ref=handle['ref'], callback=handle['callback'])
            """,
            kind="filter",
        )

        async def work():
            await adapter.reconfigure({"values": {}, "previous": {}, "changed": []})
            return await adapter.request("filter", {"readings": [{"asset": "a", "readings": {"x": 1}}]})

        self.assertEqual(self.run_async(adapter, work)[0]["readings"], {"x": 1})

    def test_north_is_never_reconfigured(self):
        adapter, _ = self.plugin("def plugin_send(h, r): return 0\ndef plugin_reconfigure(): pass", kind="north")
        self.assertNotIn("reconfigure", adapter.describe()["has"])


class Start(PluginTest):
    def test_init_must_give_a_handle(self):
        adapter, _ = self.plugin("def plugin_poll(h): pass\ndef plugin_init(config): pass")
        self.fails("BP_FLEDGE_HANDLE_INVALID", lambda: self.run_async(adapter, None))

    def test_what_init_raises(self):
        adapter, _ = self.plugin("def plugin_poll(h): pass\ndef plugin_init(config): raise OSError('no device')")
        error = self.fails("BP_PLUGIN_LOAD_FAILED", lambda: self.run_async(adapter, None))
        self.assertEqual(error.message, "plugin_init raised OSError: no device")

    def test_start_may_not_lack_a_package(self):
        code = "def plugin_register_ingest(h, c, r): pass\ndef plugin_start(h): import nothing_like_this"
        adapter, _ = self.plugin(code, mode="async")
        error = self.fails("BP_PLUGIN_LOAD_FAILED", lambda: self.run_async(adapter, None))
        self.assertIn("Install what provides", error.next)


    def test_what_is_missing_is_to_be_installed(self):
        adapter, _ = self.plugin("def plugin_poll(h): pass\ndef plugin_init(config): import nothing_like_this.part")
        error = self.fails("BP_PLUGIN_LOAD_FAILED", lambda: self.run_async(adapter, None))
        self.assertIn("Install what provides 'nothing_like_this' into", error.next)

    def test_init_may_raise_anything(self):
        for raising in ("KeyboardInterrupt()", "asyncio.CancelledError()", "SystemExit(2)", "GeneratorExit()"):
            with self.subTest(raising=raising):
                adapter, _ = self.plugin("import asyncio\ndef plugin_poll(h): pass\ndef plugin_init(config): raise " + raising)
                error = self.fails("BP_PLUGIN_LOAD_FAILED", lambda: self.run_async(adapter, None))  # noqa: B023
                self.assertIn("plugin_init raised " + raising.split("(")[0].split(".")[-1], error.message)

    def test_order_of_an_asynchronous_south(self):
        adapter, _ = self.plugin(
            """
            seen = []
            def plugin_init(config): seen.append('init'); return {'h': 1}
            def plugin_register_ingest(handle, callback, ref): seen.append('register')
            def plugin_start(handle): seen.append('start')
            def plugin_shutdown(handle): seen.append('shutdown')
            """,
            mode="async",
        )

        async def nothing():
            pass

        self.run_async(adapter, nothing)
        self.assertEqual(adapter._module.seen, ["init", "register", "start", "shutdown"])

    def test_one_thread_with_an_event_loop_of_its_own(self):
        adapter, _ = self.plugin(
            """
            import asyncio, sqlite3
            def plugin_init(config):
                return {'db': sqlite3.connect(':memory:'), 'loop': asyncio.get_event_loop()}
            def plugin_poll(handle):
                handle['db'].execute('select 1')
                same = asyncio.get_event_loop() is handle['loop'] and not handle['loop'].is_running()
                return {'asset': 'a', 'readings': {'same': same}}
            def plugin_shutdown(handle): handle['db'].close()
            """
        )
        self.assertEqual(self.run_async(adapter, lambda: adapter.request("poll", {}))[0]["readings"], {"same": True})


class StartAgain(PluginTest):
    """plugin_start may fail for as long as a device is away."""

    CODE = """
    import json, os
    seen = []
    def plugin_init(config):
        seen.append('init ' + config['plugin']['value'])
        return {'config': config['plugin']['value']}
    def plugin_start(handle, data):
        seen.append('start ' + data)
        if not os.path.exists(%r):
            raise OSError('no device')
        handle['data'] = json.loads(data)
    def plugin_poll(handle): return {'asset': 'a', 'readings': {'data': str(handle['data'])}}
    def plugin_shutdown(handle):
        seen.append('shutdown')
        return json.dumps(handle.get('data', 'lost'))
    """

    def setUp(self):
        super().setUp()
        self.device = os.path.join(self.dir, "device")
        self.addCleanup(setattr, fledge_retry, "FIRST_DELAY", fledge_retry.FIRST_DELAY)
        fledge_retry.FIRST_DELAY = 0.01

    def started(self, work, delay=0.01):
        fledge_retry.FIRST_DELAY = delay
        with open(os.path.join(self.dir, "fledge-data.json"), "w") as file:
            file.write('"kept"')
        adapter, host = self.plugin(self.CODE % self.device, flag=8, state_dir=self.dir)
        seen = lambda: adapter._module.seen  # noqa: E731
        self.run_async(adapter, lambda: work(adapter, host, seen))
        return adapter, host, seen()

    def appear(self):
        open(self.device, "w").close()

    def test_tries_again_until_it_has_started(self):
        async def work(adapter, host, seen):
            waiting = adapter.describe()["waiting"]
            self.assertEqual(waiting["message"], "plugin_start raised OSError: no device")
            self.assertGreater(waiting["retry_at"], 1.6e12)
            self.assertEqual((await adapter.health())["ok"], False)
            error = await self.failing(adapter.request("poll", {}))
            self.assertEqual((error.code, error.retryable), ("BP_PLUGIN_UNAVAILABLE", True))
            while len(seen()) < 4:
                await asyncio.sleep(0.005)
            self.appear()
            while adapter.describe().get("waiting"):
                await asyncio.sleep(0.005)
            self.assertEqual(await adapter.health(), {"ok": True})
            self.assertEqual((await adapter.request("poll", {}))[0]["readings"], {"data": "kept"})
            self.assertGreater(host.changes, 2)

        _, _, seen = self.started(work)
        self.assertEqual(seen[:2], ["init it", 'start "kept"'])
        self.assertEqual(set(seen[1:-1]), {'start "kept"'})
        self.assertEqual(seen[-1], "shutdown")

    def test_waits_longer_each_time(self):
        async def work(adapter, host, seen):
            while len(seen()) < 6:
                await asyncio.sleep(0.005)

        _, host, _ = self.started(work)
        delays = [message.rsplit(" ", 2)[1] for _, message in host.logs if "tried again" in message]
        self.assertEqual(delays[:4], ["0.01", "0.02", "0.04", "0.08"])

    def test_stops_trying_and_keeps_what_was_kept(self):
        async def work(adapter, host, seen):
            await adapter.stop()
            count = len(seen())
            await asyncio.sleep(0.1)
            self.assertEqual(len(seen()), count)

        self.started(work)
        with open(os.path.join(self.dir, "fledge-data.json")) as file:
            self.assertEqual(file.read(), '"kept"')

    def test_hands_over_what_it_was_given(self):
        async def work(adapter, host, seen):
            self.assertEqual(await adapter.hand_over(), {"data": '"kept"'})

        self.started(work, 60)

    def test_begins_anew_with_another_configuration(self):
        async def work(adapter, host, seen):
            self.appear()
            await adapter.reconfigure({"values": {"plugin": "other"}})
            self.assertEqual(seen()[-3:], ["shutdown", "init other", 'start "kept"'])
            self.assertNotIn("waiting", adapter.describe())

        self.started(work, 60)

    async def failing(self, awaitable):
        try:
            await awaitable
        except PluginError as error:
            return error
        self.fail("it did not fail")


class TakenOver(PluginTest):
    """What comes before a pipeline asks for readings reaches it all the same."""

    CODE = """
    import async_ingest
    def plugin_register_ingest(handle, callback, ref): handle['to'] = (callback, ref)
    def plugin_start(handle): give(handle, 0, 250)
    def give(handle, first, end):
        for n in range(first, end):
            async_ingest.ingest_callback(*handle['to'], {'asset': 'a', 'timestamp': 't', 'readings': {'n': n}})
    """

    def numbers(self, parts):
        return [reading["readings"]["n"] for part in parts for reading in part]

    def run_with(self, work):
        adapter, host = self.plugin(self.CODE, mode="async")

        async def settled(look):
            while not look():
                await asyncio.sleep(0.005)

        give = lambda first, end: asyncio.get_running_loop().run_in_executor(  # noqa: E731
            None, adapter._module.give, adapter._run.handle, first, end
        )
        emitted = lambda: self.numbers(payload["readings"] for _, payload in host.events)  # noqa: E731
        pushed = lambda: self.numbers(batch for _, batch in host.pushed)  # noqa: E731
        self.run_async(adapter, lambda: work(adapter, host, give, settled, emitted, pushed))

    def test_the_first_gets_what_was_before(self):
        async def work(adapter, host, give, settled, emitted, pushed):
            await settled(lambda: len(emitted()) == 250)
            await adapter.request("take", None)
            await give(250, 260)
            await settled(lambda: len(pushed()) >= 260)
            self.assertEqual(pushed(), list(range(260)))
            self.assertEqual(len(emitted()), 250)

        self.run_with(work)

    def test_at_once_too(self):
        async def work(adapter, host, give, settled, emitted, pushed):
            await adapter.request("take", None)
            await settled(lambda: len(pushed()) >= 250)
            self.assertEqual(pushed(), list(range(250)))

        self.run_with(work)

    def test_who_leaves_and_comes_back_gets_what_is_left(self):
        async def work(adapter, host, give, settled, emitted, pushed):
            await settled(lambda: len(emitted()) == 250)
            push, host.push = host.push, self.refusing
            await adapter.request("take", None)
            await asyncio.sleep(0.05)
            host.push = push
            await give(250, 251)
            await settled(lambda: len(emitted()) == 251)
            await adapter.request("take", None)
            await settled(lambda: len(pushed()) >= 250)
            self.assertEqual(pushed(), list(range(250)))

        self.run_with(work)

    async def refusing(self, channel, value):
        raise RuntimeError("it has left")

    def test_only_so_many_are_kept(self):
        self.addCleanup(setattr, fledge_ingest, "MOST_KEPT", fledge_ingest.MOST_KEPT)
        fledge_ingest.MOST_KEPT = 100

        async def work(adapter, host, give, settled, emitted, pushed):
            await settled(lambda: len(emitted()) == 250)
            await adapter.request("take", None)
            await settled(lambda: len(pushed()) >= 100)
            self.assertEqual(pushed(), list(range(150, 250)))
            self.assertIn(("warn", "readings before the pipeline were events alone"), host.logs)

        self.run_with(work)


class Persist(PluginTest):
    CODE = """
    import json
    def plugin_init(config): return {'count': None, 'raw': None}
    def plugin_start(handle, data):
        handle['raw'] = data
        handle['count'] = json.loads(data).get('count', 0)
    def plugin_poll(handle):
        handle['count'] += 1
        return {'asset': 'a', 'readings': {'count': handle['count'], 'raw': handle['raw']}}
    def plugin_shutdown(handle): return json.dumps({'count': handle['count']})
    """

    def count(self, adapter, state=None):
        async def work():
            return (await adapter.request("poll", {}))[0]["readings"]

        return self.run_async(adapter, work, state)

    def test_data_comes_back_after_a_restart(self):
        for n in (1, 2, 3):
            adapter, host = self.plugin(self.CODE, flag=8, state_dir=self.dir)
            reading = self.count(adapter)
            self.assertEqual(reading["count"], n)
        self.assertEqual(reading["raw"], '{"count": 2}')

    def test_each_instance_keeps_its_own(self):
        for n, name in ((1, "one"), (1, "two"), (2, "one")):
            folder = os.path.join(self.dir, name)
            os.makedirs(folder, exist_ok=True)
            adapter, _ = self.plugin(self.CODE, flag=8, state_dir=folder)
            self.assertEqual(self.count(adapter)["count"], n)

    def test_without_the_flag_nothing_is_kept(self):
        adapter, _ = self.plugin(
            "def plugin_poll(h): pass\ndef plugin_start(h): raise OSError\ndef plugin_shutdown(h): return '{}'",
            state_dir=self.dir,
        )
        self.run_async(adapter, lambda: adapter.request("poll", {}))
        self.assertFalse(os.path.exists(os.path.join(self.dir, "fledge-data.json")))

    def test_what_is_no_json_is_not_kept(self):
        adapter, host = self.plugin(
            "def plugin_poll(h): pass\ndef plugin_shutdown(h): return 'not json'", flag=8, state_dir=self.dir
        )
        self.run_async(adapter, lambda: adapter.request("poll", {}))
        self.assertFalse(os.path.exists(os.path.join(self.dir, "fledge-data.json")))
        self.assertTrue(any("no JSON" in message for _, message in host.logs))

    def test_a_broken_file_is_told_and_passed_over(self):
        self.write("fledge-data.json", "{broken")
        adapter, host = self.plugin(self.CODE, flag=8, state_dir=self.dir)
        self.assertEqual(self.count(adapter)["count"], 1)
        self.assertTrue(any("cannot be read" in message for _, message in host.logs))

    def test_handing_over(self):
        first, _ = self.plugin(self.CODE, flag=8)

        async def work():
            await first.request("poll", {})
            return await first.hand_over()

        state = self.run_async(first, work)
        self.assertEqual(state, {"data": '{"count": 1}'})
        second, _ = self.plugin(self.CODE, flag=8)
        self.assertEqual(self.count(second, state)["count"], 2)

    def test_goes_on_after_handing_over_in_vain(self):
        adapter, _ = self.plugin(self.CODE, flag=8)

        async def work():
            await adapter.request("poll", {})
            await adapter.hand_over()
            again = (await adapter.request("poll", {}))[0]["readings"]["count"]
            await adapter.hand_over()
            await adapter.request("resume", {})
            return again, (await adapter.request("poll", {}))[0]["readings"]["count"]

        self.assertEqual(self.run_async(adapter, work), (2, 3))


    def test_everybody_waits_until_it_goes_on(self):
        adapter, _ = self.plugin(
            """
            import time
            seen = []
            def plugin_start(handle, data): time.sleep(0.1); seen.append('start')
            def plugin_poll(handle): seen.append('poll')
            def plugin_shutdown(handle): seen.append('shutdown'); return '{}'
            """,
            flag=8,
        )

        async def work():
            await adapter.hand_over()
            await asyncio.gather(*[adapter.request("poll", {}) for _ in range(3)])
            return list(adapter._module.seen)

        self.assertEqual(self.run_async(adapter, work), ["start", "shutdown", "start", "poll", "poll", "poll"])

    def test_ends_its_process_where_it_cannot_go_on(self):
        adapter, _ = self.plugin(
            """
            handles = iter([{}])
            def plugin_init(config): return next(handles)
            def plugin_poll(handle): pass
            """
        )

        async def work():
            await adapter.hand_over()
            await adapter.request("poll", {})

        with self.assertRaisesRegex(SystemExit, "could not go on after handing over"):
            self.run_async(adapter, work)


class Modules(PluginTest):
    def test_a_plugin_finds_its_own_files_by_every_path(self):
        self.write("helper.py", "value = 1")
        self.write("sub/__init__.py", "")
        self.write("sub/deep.py", "value = 2")
        adapter, _ = self.plugin(
            """
            import helper
            from fledge.plugins.south.it import helper as again
            from fledge.plugins.south.it.sub import deep
            from foglamp.plugins.south.it.sub import deep as twin
            def plugin_poll(handle):
                from fledge.plugins.south.it import it
                import sys
                return {'asset': 'a', 'readings': {'sum': helper.value + again.value + deep.value + twin.value,
                        'one': it is sys.modules['it'], 'argv': sys.argv[1]}}
            """
        )
        readings = self.run_async(adapter, lambda: adapter.request("poll", {}))[0]["readings"]
        self.assertEqual(readings, {"sum": 6, "one": True, "argv": "it"})

    def test_a_plugin_of_the_name_of_a_module_of_python_is_no_obstacle_to_that(self):
        adapter, _ = self.plugin(
            """
            import random
            from fledge.plugins.south.random import random as itself
            def plugin_poll(handle):
                return {'asset': 'a', 'readings': {'r': random.Random(1).randint(1, 1), 'one': itself.plugin_poll is plugin_poll}}
            """,
            name="random",
        )
        import random

        self.assertIs(__import__("sys").modules["random"], random)
        readings = self.run_async(adapter, lambda: adapter.request("poll", {}))[0]["readings"]
        self.assertEqual(readings, {"r": 1, "one": True})

    def test_a_plugin_named_after_the_package_that_it_uses(self):
        site = os.path.join(self.dir, "site-packages")
        self.write("site-packages/sensor/__init__.py", "value = 5")
        self.write("site-packages/sensor/part.py", "value = 6")
        sys.path.append(site)
        adapter, _ = self.plugin(
            """
            import copy, sensor
            from sensor.part import value
            from fledge.plugins.south.sensor import sensor as itself
            def plugin_poll(handle):
                return {'asset': 'a', 'readings': {'v': sensor.value, 'p': value, 'one': itself.plugin_poll is plugin_poll}}
            """,
            name="sensor",
        )
        readings = self.run_async(adapter, lambda: adapter.request("poll", {}))[0]["readings"]
        self.assertEqual(readings, {"v": 5, "p": 6, "one": True})

    def test_one_that_only_speaks_of_its_name_keeps_it(self):
        self.write("helper.py", "def ask():\n    import sensor\n    return sensor.SECRET")
        adapter, _ = self.plugin(
            '''
            """Usage:

                import sensor
            """
            from helper import ask
            SECRET = 7
            def plugin_poll(handle):
                return {'asset': 'a', 'readings': {'secret': ask()}}
            ''',
            name="sensor",
        )
        readings = self.run_async(adapter, lambda: adapter.request("poll", {}))[0]["readings"]
        self.assertEqual(readings, {"secret": 7})

    def test_one_whose_package_is_not_there_says_so(self):
        for statement in ("import sensor", "import copy, sensor as s", "from sensor import Bus", "x = 1; import sensor", "import copy, \\\n  sensor", "    from sensor.part import x"):
            with self.subTest(statement=statement), self.assertRaisesRegex(ModuleNotFoundError, "'sensor'"):
                self.plugin("if True:\n    pass\n%s\ndef plugin_poll(handle): pass" % statement, name="sensor")
