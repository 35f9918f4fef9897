#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""gateway_broker.py GATEWAY [--kills N] [--rounds N] [--seed S]: the gateway over a real mosquitto.

The region is a process of its own that nobody ends (`--region only`). Three parts:
  stopped  the broker is stopped and started under traffic, it keeps its sessions on disk: the region has everything once, in order
  killed   the broker is killed under traffic, or hangs, and keeps nothing: what was produced is delivered, dropped with a reason or
           queued, exactly; what it had acknowledged and forgot is told, and is beyond any sender's reach
  kills    the gateway is killed (kill -9) at random moments and started again on its store: the region ends with what it has after a
           run that nobody killed
"""
import argparse
import json
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gateway_kill import ended  # noqa: E402

STORY = ["--quiet", "--simulate", "machines=6,hours=0.1,seed=7"]
KEYS = ["summaries", "alarms", "deltas", "rows", "damaged", "order_kept", "state"]


class Broker:
    def __init__(self, program, place, keeps):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.program = program
        self.config = place / f"broker{self.port}.conf"
        data = place / f"data{self.port}"
        data.mkdir()
        data.chmod(0o777)  # a broker that is started by root goes on as another user
        self.config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                               + (f"persistence true\npersistence_location {data}/\n" if keeps else "persistence false\n"), encoding="utf-8")
        self.run = None

    def start(self):
        self.run = subprocess.Popen([self.program, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError("the broker does not answer")

    def end(self, how):
        if self.run is not None:
            self.run.send_signal(how)
            self.run.wait(timeout=20)
            self.run = None


class Region:
    def __init__(self, gateway, link, node, place):
        self.figures = place / f"{node}.json"
        self.run = subprocess.Popen([gateway, "--region", "only", "--link", link, "--node", node, "--json", str(self.figures)],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.run.stdout.readline()
        if line.strip() != "listening":
            raise RuntimeError(f"the region: {line}{self.run.stdout.read()}")

    def end(self):
        time.sleep(0.4)  # a message is there a moment after the broker has acknowledged it
        self.run.send_signal(signal.SIGTERM)
        self.run.communicate(timeout=20)
        return json.loads(self.figures.read_text(encoding="utf-8"))

    def drop(self):
        if self.run.poll() is None:
            self.run.kill()
            self.run.communicate()


def link_of(broker):
    return f"mqtt://127.0.0.1:{broker.port}"


def command(gateway, broker, node, store, figures, speed):
    return [gateway, *STORY, "--link", link_of(broker), "--region", "elsewhere", "--node", node, "--store", str(store), "--json",
            str(figures), "--speed", speed]


def told(run, figures):
    out, _ = run.communicate(timeout=120)
    if run.returncode != 0:
        raise RuntimeError(f"exit status {run.returncode}:\n{out}")
    return json.loads(figures.read_text(encoding="utf-8"))


def calm(gateway, broker, place):
    region = Region(gateway, link_of(broker), "calm", place)
    try:
        run = subprocess.Popen(command(gateway, broker, "calm", place / "calm", place / "calm_sent.json", "max"), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        sent = told(run, place / "calm_sent.json")
        got = region.end()
    finally:
        region.drop()
    if got["rows"] != sent["region"]["rows_produced"] or got["state"] != sent["state"] or not got["order_kept"] or not got["rows"]:
        raise RuntimeError(f"the calm run is not what it should be: {got} of {sent['account']}")
    return got


def under_traffic(gateway, program, place, expected, moments, killed, name):
    """The broker goes away three times while messages come. What is wrong, as sentences."""
    broker = Broker(program, place, keeps=not killed)
    broker.start()
    region = Region(gateway, link_of(broker), name, place)
    wrong = []
    try:
        figures = place / f"{name}_sent.json"
        run = subprocess.Popen(command(gateway, broker, name, place / name, figures, "120x"), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        for turn in range(3):
            time.sleep(moments.uniform(0.2, 0.6))
            if killed and turn == 1:
                broker.run.send_signal(signal.SIGSTOP)  # it hangs: connections stand, nothing answers
                time.sleep(moments.uniform(0.2, 0.6))
                broker.run.send_signal(signal.SIGCONT)
                continue
            broker.end(signal.SIGKILL if killed else signal.SIGTERM)
            time.sleep(moments.uniform(0.1, 0.5))
            broker.start()
        sent = told(run, figures)
        got = region.end()
    finally:
        region.drop()
        broker.end(signal.SIGKILL)
    account = sent["account"]
    if not account["balances"] or account["produced"] + account["recovered"] != account["delivered"] + account["dropped"] + account["queued"]:
        wrong.append(f"the accounting does not balance: {account}")
    if account["queued"] or account["dropped"] or account["refused"]:
        wrong.append(f"not all was delivered: {account}")
    if not got["order_kept"] or got["damaged"]:
        wrong.append(f"the region: {got}")
    received = got["summaries"] + got["alarms"] + got["deltas"]
    forgotten = account["delivered"] - received
    if not killed:
        wrong += [f"the region's {key} is {got[key]} instead of {expected[key]}" for key in KEYS if got[key] != expected[key]]
    elif forgotten < 0 or received < account["delivered"] // 2:
        wrong.append(f"{received} received of {account['delivered']} delivered")
    if not sent["outage"]:
        wrong.append("the gateway saw no outage: the test tests nothing")
    print(f"{name}: produced {account['produced']} = delivered {account['delivered']} + dropped {account['dropped']} + queued "
          f"{account['queued']}; {len(sent['outage'])} outages seen, {got['duplicates']} repeats, "
          f"{got['historical']} as history, {forgotten} forgotten by the broker")
    return [f"{name}: {w}" for w in wrong]


def kills(gateway, broker, place, expected, moments, wanted):
    done = stories = recovered = repeats = messages = 0
    wrong = []
    while done < wanted:
        node = f"story{stories}"
        region = Region(gateway, link_of(broker), node, place)
        figures = place / f"{node}_sent.json"
        here = 0
        try:
            while True:
                run = subprocess.Popen(command(gateway, broker, node, place / node, figures, "240x"), stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
                try:
                    # Enough kills in one story: the next life is let live. A life that ends before its kill ends the story too.
                    out, _ = run.communicate(timeout=moments.uniform(0.02, 1.7) if here < 12 and done < wanted else 120)
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.communicate()
                    done += 1
                    here += 1
                    if ended(place / node):
                        break  # after its end, before it could tell of it
                    continue
                break
            sent = None
            if not (ended(place / node) and not figures.exists()):
                if run.returncode != 0:
                    raise RuntimeError(f"exit status {run.returncode} after {here} kills:\n{out}")
                sent = json.loads(figures.read_text(encoding="utf-8"))
            got = region.end()
        finally:
            region.drop()
        stories += 1
        recovered += sent["account"]["recovered"] if sent else 0
        repeats += got["duplicates"]
        messages += got["summaries"] + got["alarms"] + got["deltas"]
        wrong += [f"after {here} kills the region's {key} is {got[key]} instead of {expected[key]}" for key in KEYS if got[key] != expected[key]]
        if sent and (sent["account"]["queued"] or sent["account"]["dropped"] or not sent["account"]["balances"]):
            wrong.append(f"after {here} kills: {sent['account']}")
    print(f"kills: {done} in {stories} stories, {messages} messages, {recovered} recovered, {repeats} repeats, {len(wrong)} wrong")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("gateway")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        print("skipped: there is no mosquitto on this machine (Debian: mosquitto)")
        return 77
    print(f"seed {arguments.seed}")
    moments = random.Random(arguments.seed)
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        place.chmod(0o777)
        broker = Broker(program, place, keeps=False)
        broker.start()
        try:
            expected = calm(arguments.gateway, broker, place)
            for i in range(arguments.rounds):
                wrong += under_traffic(arguments.gateway, program, place, expected, moments, False, f"stopped{i}")
                wrong += under_traffic(arguments.gateway, program, place, expected, moments, True, f"killed{i}")
            if arguments.kills:
                wrong += kills(arguments.gateway, broker, place, expected, moments, arguments.kills)
        except RuntimeError as e:
            if "built without libmosquitto" in str(e):
                print(f"skipped: {e}")
                return 77
            wrong.append(str(e))
        finally:
            broker.end(signal.SIGKILL)
    for w in wrong:
        print(f"FAIL {w}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
