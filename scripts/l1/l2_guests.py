# SPDX-License-Identifier: GPL-2.0-only
"""In L1: start, use and end guests (L2). The tenant's QEMU is Debian's, unmodified.

usage: l2 start NAME [--vdev UUID]... [--vf BDF]... [--kernel stable|backports] [--mem MB] [--smp N] [--dpdk] [--append ARGS]
                     [--debian] [--net] [--iommu] [--iommufd] [--migratable] [--precopy] [--incoming] [--no-wait] [--qemu DIR] [--machine M]
                     [--isa-agent] [-- QEMU-ARGUMENT...]
       l2 run [--timeout S] NAME CMD...    a shell command in the guest; its output and exit status are this command's
       l2 wait [--timeout S] NAME          until the guest answers (start does that, unless --no-wait)
       l2 hotplug NAME UUID|BDF            add a VDEV or a VF to the running guest
       l2 hotunplug [--timeout S] NAME UUID|BDF   ask the guest to give it up, and wait until it has
       l2 migrate [--timeout S] [--downtime MS] NAME TO
                                           move guest NAME to TO, which was started by --incoming with the same arguments but for
                                           its VDEVs; prints how long it stood still. If that fails, NAME goes on. --downtime: it
                                           is not stopped before what is left to be sent takes no longer than that
       l2 qmp NAME CMD [JSON]              a QMP command to the guest's QEMU
       l2 log NAME                         the guest's serial console
       l2 pid NAME                         the guest's QEMU
       l2 stop NAME...                     end guests (all: l2 stop --all)
       l2 pause NAME...                    let guests stand still
       l2 resume NAME...                   and go on
       l2 template [--kernel K] [--mem MB] NAME
                                           a small guest without a device, saved when it has booted
       l2 clone [--timeout S] NAME UUID|BDF...
                                           start guests NAME-0, NAME-1, ... from the template NAME, all at once, each with one of
                                           these devices; prints for each how many seconds it took until it had pinged the peer
       l2 list                             what is running

A guest has the stock kernel with its own iavf, iperf3, ping, ethtool, ip, tcpdump; with --dpdk also testpmd, DPDK's
tests, and nginx. With --debian it is a whole Debian 13 instead, of its own disk, by its own kernel and initial RAM disk; what it writes
there is gone with it. --iommu gives it an IOMMU of its own, so that it can use VFIO. --net adds a virtio-net card whose other side is L1's
tap device tap-NAME. --migratable: its VDEVs can be taken along by "l2 migrate"; --precopy: also, and most of its memory is sent
while it runs, which needs a kernel in L1 that logs what VDEVs write to. --qemu: another QEMU, unpacked in DIR; --machine: of a version of QEMU's
(pc-q35-10.0), so that another one has it too; --isa-agent: no virtio, whose state QEMU 11 does not take from QEMU 10. --vf gives it a virtual function (0000:01:00.1) that vfio-pci has; "vfs" makes
them. Clones have no agent, but an iperf3 server each; one whose E810 has the address xx:xx:xx:xx:HH:LL is 10.1.HH.LL, its peer 10.1.0.1.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from l2_agent import RUN, agent, die, need, path, pid_of, is_guest, tail, take_number, take_timeout

IMAGES = "/srv/l2"
DEBIAN = "/srv/debian"
MACHINE = ",usb=off,sata=off,smbus=off,vmport=off,hpet=off"
APPEND = "console=ttyS0 quiet no_timer_check mitigations=off panic=-1 "


class Qmp:
    """One QMP connection to a guest's QEMU."""

    def __init__(self, name, seconds=60):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(seconds)
        self.sock.connect(path(name, "qmp"))
        self.stream = self.sock.makefile("rw")
        self.events = []
        self.stream.readline()
        self.call("qmp_capabilities")

    def read(self):
        line = self.stream.readline()
        if not line:
            die("the guest's QEMU closed its monitor")
        return json.loads(line)

    def call(self, command, **args):
        self.stream.write(json.dumps({"execute": command, "arguments": args}) + "\n")
        self.stream.flush()
        while True:
            answer = self.read()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                die(f"{command}: {answer['error']['desc']}")
            self.events.append(answer)

    def wait_event(self, kind, device, seconds):
        end = time.monotonic() + seconds
        while True:
            for event in self.events:
                if event.get("event") == kind and event["data"].get("device") == device:
                    return True
            self.events.clear()
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.sock.settimeout(left)
            try:
                self.events.append(self.read())
            except TimeoutError:
                return False


def end_of(name):
    """How a QEMU that this command has started ended, for a message. One that crashes leaves nothing in its log."""
    code = started[name].poll() if name in started else None
    if code is None:
        return ""
    return f": {signal.strsignal(-code)}" if code < 0 else f": exit {code}"


def wait(name, seconds):
    end = time.monotonic() + seconds
    patience = 2
    while time.monotonic() < end:
        if not pid_of(name):
            sys.stderr.write(tail(path(name, "qemu.log")) + tail(path(name, "console")))
            die(f"guest {name} died on the way up{end_of(name)}")
        # Before the agent is there the port swallows what is sent. The agent says a word when it begins; should that have come while nobody
        # was connected, it is asked again. But a guest on a busy machine needs more than two seconds for an answer, and asked anew each
        # time, with a dozen processes for each, it would never come to the end of one.
        if agent(name, "true", min(patience, max(1, end - time.monotonic())), others=True):
            return
        patience = min(patience * 1.5, 30)
        time.sleep(0.1)
    sys.stderr.write(tail(path(name, "qemu.log")) + tail(path(name, "console")))
    die(f"guest {name} does not answer after {seconds} s")


def wait_monitor(name, seconds):
    end = time.monotonic() + seconds
    error = None
    while pid_of(name) and time.monotonic() < end:
        try:
            # It takes a connection before its devices are there, and has a word for it afterwards
            Qmp(name, max(1, end - time.monotonic()))
            return
        except OSError as err:
            error = err
            time.sleep(0.1)
    sys.stderr.write(tail(path(name, "qemu.log")))
    if not pid_of(name):
        die(f"the QEMU of guest {name} died on the way up{end_of(name)}")
    die(f"the QEMU of guest {name} does not answer after {seconds} s: {error}")


def device(name):
    """QEMU's arguments for a VDEV, by its UUID, or for a VF, by its BDF."""
    if ":" in name:
        driver = os.path.basename(os.path.realpath(f"/sys/bus/pci/devices/{name}/driver"))
        if driver != "vfio-pci":
            die(f"{name} is no PCI device that vfio-pci has")
        return {"driver": "vfio-pci", "host": name, "id": "vf-" + name.replace(":", "-")}
    sysfs = f"/sys/bus/mdev/devices/{name}"
    if not os.path.exists(sysfs):
        die(f"there is no VDEV {name} in /sys/bus/mdev/devices")
    return {"driver": "vfio-pci", "sysfsdev": sysfs, "id": f"vdev-{name}"}


def debian_files():
    """Its disk, which is mounted here, and its kernel and initial RAM disk."""
    with open("/proc/mounts", encoding="ascii", errors="replace") as f:
        disks = [line.split()[0] for line in f if line.split()[1] == DEBIAN]
    boot = sorted(os.listdir(DEBIAN + "/boot")) if disks else []
    found = [[DEBIAN + "/boot/" + file for file in boot if file.startswith(what)] for what in ("vmlinuz-", "initrd.img-")]
    if not all(found):
        die(f"no Debian in {DEBIAN}: scripts/testbed build debian-guest, and boot this machine anew")
    return disks[0], found[0][-1], found[1][-1]


def image(kernel):
    """The folder of a guest's kernel and its initial RAM file systems"""
    folder = os.path.join(IMAGES, kernel)
    if not os.path.exists(folder + "/vmlinux"):
        die(f"no kernel {kernel} in {IMAGES}")
    return folder


def make_dir(name):
    if pid_of(name):
        die(f"guest {name} is running already")
    shutil.rmtree(path(name), ignore_errors=True)
    os.makedirs(path(name))


def qemu(name, machine, smp, mem, kvm, where=""):
    """What all guests' command lines begin with"""
    return [
        where + "/usr/bin/qemu-system-x86_64", "-name", f"l2-{name}", "-M", machine,
        "-accel", "kvm" if kvm else "tcg", "-cpu", "host" if kvm else "qemu64", "-nodefaults", "-display", "none",
        "-smp", smp, "-m", mem, "-serial", "file:" + path(name, "console"), "-qmp", f"unix:{path(name, 'qmp')},server=on,wait=off",
    ]


# QEMUs that this command has started, by their guests' names
started = {}


def launch(name, command, env=None):
    with open(path(name, "qemu.log"), "wb") as log:
        log.write((" ".join(command) + "\n").encode())
        log.flush()
        # A session of its own: it must outlive the command that started it.
        proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True)
    started[name] = proc
    # The kernel closes the pipe that tells the parent of the exec before it has the new arguments: for a moment they are the parent's, or none.
    while proc.poll() is None and not is_guest(proc.pid, name):
        time.sleep(0.01)
    with open(path(name, "pid"), "w", encoding="ascii") as f:
        f.write(str(proc.pid))


def start(args):
    opts = {"kernel": "stable", "mem": None, "smp": "1", "append": "", "qemu": "", "machine": "q35"}
    devices, flags, name, extra = [], set(), None, []
    while args:
        arg = args.pop(0)
        if arg == "--":
            extra, args = args, []
        elif arg in ("--vdev", "--vf"):
            devices.append(args.pop(0))
        elif arg in ("--dpdk", "--debian", "--net", "--iommu", "--iommufd", "--no-wait", "--migratable", "--precopy", "--incoming", "--isa-agent"):
            flags.add(arg)
        elif arg[:2] == "--" and arg[2:] in opts:
            opts[arg[2:]] = args.pop(0)
        elif not name and arg[:1] != "-":
            name = arg
        else:
            die(f"start: unexpected {arg}")
    if not name:
        die("start: no name")
    kernel = image(opts["kernel"])
    make_dir(name)
    kvm = use_kvm()
    mem = opts["mem"] or ("640" if "--dpdk" in flags else "224")
    initrd = kernel + ("/initrd-dpdk" if "--dpdk" in flags else "/initrd")
    vmlinux = kernel + "/vmlinux"
    append = APPEND + opts["append"]
    disk = None
    if "--debian" in flags:
        disk, vmlinux, initrd = debian_files()
        mem = opts["mem"] or "768"
        append += " root=/dev/vda rw"
    if "--isa-agent" in flags:
        append += " agent=ttyS1"
    machine = opts["machine"] + MACHINE
    if "--iommu" in flags:
        # Interrupt remapping, without which VFIO refuses devices with MSI, needs the I/O APIC in user space.
        machine += ",kernel-irqchip=split"
        append += " intel_iommu=on iommu=pt"
    migratable = bool(flags & {"--migratable", "--precopy", "--incoming"})
    command = qemu(name, machine, opts["smp"], mem, kvm, opts["qemu"]) + ["-kernel", vmlinux, "-initrd", initrd, "-append", append]
    if "--iommu" in flags:
        # In front of all devices. With caching mode the guest says when it maps, too: VFIO in L1 has to know.
        command += ["-device", "intel-iommu,intremap=on,caching-mode=on"]
    command += ["-chardev", f"socket,id=agent,path={path(name, 'agent')},server=on,wait=off"]
    if "--isa-agent" in flags:
        command += ["-device", "isa-serial,chardev=agent,index=1"]
    else:
        command += ["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=agent"]
    if disk:
        command += ["-drive", f"file={disk},format=raw,if=none,id=disk,snapshot=on", "-device", "virtio-blk-pci,drive=disk"]
    if "--iommufd" in flags:
        command += ["-object", "iommufd,id=iommufd0"]
    if "--net" in flags:
        subprocess.run(["modprobe", "tun"], check=False)
        command += ["-netdev", f"tap,id=net,ifname=tap-{name},script=no,downscript=no",
                    "-device", "virtio-net-pci,netdev=net,romfile="]
    # Root ports, so that devices can be taken out and put in while the guest runs.
    for n in range(max(2, len(devices) + 1)):
        command += ["-device", f"pcie-root-port,id=rp{n},chassis={n + 1},slot={n + 1}"]
        if n < len(devices):
            words = device(devices[n]) | {"bus": f"rp{n}"}
            if "--iommufd" in flags:
                words["iommufd"] = "iommufd0"
            if migratable:
                # One name on both sides. Where nobody tells which memory a VDEV has written, all is sent while the guest stands still.
                words |= {"id": f"dev{n}"}
                if "--precopy" not in flags:
                    words |= {"enable-migration": "on", "x-pre-copy-dirty-page-tracking": "off"}
            command += ["-device", ",".join([words.pop("driver")] + [f"{key}={value}" for key, value in words.items()])]
    if "--incoming" in flags:
        command += ["-incoming", "defer"]
    env = dict(os.environ)
    if opts["qemu"]:
        env["QEMU_MODULE_DIR"] = opts["qemu"] + "/usr/lib/x86_64-linux-gnu/qemu"
        for firmware in ("seabios", "qemu"):
            command += ["-L", f"{opts['qemu']}/usr/share/{firmware}"]
    launch(name, command + extra, env)
    if "--net" in flags:
        while pid_of(name) and not os.path.exists(f"/sys/class/net/tap-{name}"):
            time.sleep(0.1)
        subprocess.run(["ip", "link", "set", f"tap-{name}", "up"], check=False)
    if "--incoming" in flags:
        wait_monitor(name, 300)
    elif "--no-wait" not in flags:
        wait(name, 300)


def small(name, template, mem, share):
    """
    A small guest. Its memory is the template's file: the template writes into it, a clone has pages of its own only of what it writes (or VFIO
    pins). The timer of old, which KVM would emulate by a thread that never sleeps long, nobody needs.
    """
    ram = f"memory-backend-file,id=ram,size={mem}M,mem-path={path(template, 'ram')},share={share}"
    return (qemu(name, "q35" + MACHINE + ",pit=off,memory-backend=ram", "1", mem, True) +
            ["-object", ram, "-device", "pcie-root-port,id=rp0,chassis=1,slot=1"])


def state_of(qmp, file, out):
    """Save all but the memory to a file, or load it from there"""
    qmp.call("migrate-set-capabilities", capabilities=[{"capability": "x-ignore-shared", "state": True}])
    qmp.call("migrate" if out else "migrate-incoming", uri="file:" + file)
    while True:
        info = qmp.call("query-migrate")
        if info.get("status") == "completed":
            return
        if info.get("status") in ("failed", "cancelled"):
            die(f"{file}: {info.get('error-desc', info['status'])}")
        time.sleep(0.02)


def says(name, word):
    """Has the small guest's kernel written this on its console?"""
    return any(line.rstrip().endswith("] " + word) for line in tail(path(name, "console"), 1000).split("\n"))


def template(args):
    opts, name = {"kernel": "stable", "mem": "96"}, None
    while args:
        arg = args.pop(0)
        if arg[:2] == "--" and arg[2:] in opts:
            opts[arg[2:]] = args.pop(0)
        elif not name and arg[:1] != "-":
            name = arg
        else:
            die(f"template: unexpected {arg}")
    if not name:
        die("template: no name")
    kernel = image(opts["kernel"])
    make_dir(name)
    if not use_kvm():
        die("template: not without KVM")
    launch(name, small(name, name, opts["mem"], "on") + ["-kernel", kernel + "/vmlinux", "-initrd", kernel + "/initrd-small",
                                                         "-append", APPEND + "tsc=nowatchdog rootfstype=ramfs rdinit=/usr/lib/small", "-no-reboot"])
    end = time.monotonic() + 300
    while not says(name, "ready"):
        if not pid_of(name) or time.monotonic() > end:
            sys.stderr.write(tail(path(name, "qemu.log")) + tail(path(name, "console")))
            die(f"template {name} does not come up")
        time.sleep(0.1)
    # What it began before it said so comes to an end
    time.sleep(2)
    qmp = Qmp(name)
    qmp.call("stop")
    state_of(qmp, path(name, "state"), True)
    with open(path(name, "mem"), "w", encoding="ascii") as f:
        f.write(opts["mem"])
    qmp.call("quit")
    while pid_of(name):
        time.sleep(0.05)


def clone(name, devices, seconds):
    try:
        with open(path(name, "mem"), encoding="ascii") as f:
            mem = f.read()
    except OSError:
        die(f"there is no template {name}")
    if not devices:
        die("clone: no device")
    words = [device(d) for d in devices]
    names = [f"{name}-{n}" for n in range(len(devices))]
    began, errors = {}, {}

    def begin(n):
        guest = names[n]
        began[guest] = time.time()
        try:
            # QEMU asks for the ROM by which the template's kernel was loaded, whose place is in the state
            launch(guest, small(guest, name, mem, "off") + ["-option-rom", "pvh.bin", "-incoming", "defer"])
            wait_monitor(guest, seconds)
            qmp = Qmp(guest)
            state_of(qmp, path(name, "state"), False)
            qmp.call("device_add", **words[n], bus="rp0")
            qmp.call("cont")
        except (SystemExit, OSError) as err:
            errors[guest] = str(err)

    for guest in names:
        make_dir(guest)
    threads = [threading.Thread(target=begin, args=(n,)) for n in range(len(names))]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join()
    waiting = [guest for guest in names if guest not in errors]
    while waiting and time.monotonic() < end:
        time.sleep(0.2)
        waiting = [guest for guest in waiting if not says(guest, "up")]
        for guest in (g for g in waiting if not pid_of(g)):
            errors[guest] = "its QEMU has ended"
            waiting.remove(guest)
    errors |= {guest: f"no answer from the peer after {seconds:.0f} s" for guest in waiting}
    for guest in names:
        if guest not in errors:
            # The line is the last on its console
            print(f"{guest} {os.stat(path(guest, 'console')).st_mtime - began[guest]:.3f}")
    for guest, why in errors.items():
        sys.stderr.write(f"{guest}: {why}\n" + tail(path(guest, "qemu.log"), 3) + tail(path(guest, "console"), 3))
    return bool(errors)


def migrate(name, to, seconds, downtime):
    need(name)
    need(to)
    source, target = Qmp(name), Qmp(to)
    uri = f"unix:{path(to, 'incoming')}"
    # The source goes on unless the target says that all has arrived, and stops when the VDEVs there say that they fit.
    capabilities = [{"capability": what, "state": True} for what in ("return-path", "switchover-ack")]
    for side in (source, target):
        side.call("migrate-set-capabilities", capabilities=capabilities)
    target.call("migrate-incoming", uri=uri)
    # No network is in between.
    source.call("migrate-set-parameters", **{"downtime-limit": downtime, "max-bandwidth": 1 << 33})
    source.call("migrate", uri=uri)
    end = time.monotonic() + seconds
    while True:
        info = source.call("query-migrate")
        if info["status"] == "completed":
            break
        if info["status"] in ("failed", "cancelled") or time.monotonic() > end:
            source.call("migrate_cancel")
            sys.stderr.write(tail(path(name, "qemu.log"), 5) + tail(path(to, "qemu.log"), 5))
            die(f"migrate: {info['status']}: {info.get('error-desc', 'no reason given')}")
        time.sleep(0.05)
    print(f"{info['total-time']} ms in all, {info['downtime']} ms of them it stood still, "
          f"{info['ram']['transferred'] >> 20} MiB of memory in {info['ram']['dirty-sync-count']} rounds, "
          f"{info.get('vfio', {}).get('transferred', 0)} bytes of VDEVs")


def use_kvm():
    if not os.path.exists("/dev/kvm"):
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            info = f.read()
        # Nesting of L2 itself is off: nobody needs it, and it costs.
        module = ["kvm_amd", "nested=0"] if " svm" in info else ["kvm_intel", "nested=0"]
        subprocess.run(["modprobe", *module], check=False, stderr=subprocess.DEVNULL)
        for _ in range(50):
            if os.path.exists("/dev/kvm"):
                break
            time.sleep(0.1)
    if os.path.exists("/dev/kvm"):
        return True
    sys.stderr.write("l2: no KVM in L1: the guest runs under TCG in TCG, and very slowly\n")
    return False


def stop(names):
    if names == ["--all"]:
        names = running()
    for name in names:
        if pid_of(name):
            os.kill(pid_of(name), signal.SIGTERM)
    end = time.monotonic() + 8 + len(names)
    while any(pid_of(name) for name in names):
        time.sleep(0.1)
        if time.monotonic() > end:
            for name in (name for name in names if pid_of(name)):
                os.kill(pid_of(name), signal.SIGKILL)


def running():
    return [n for n in sorted(os.listdir(RUN)) if pid_of(n)] if os.path.isdir(RUN) else []


def main():
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    verb, args = sys.argv[1], sys.argv[2:]
    try:
        if verb == "start":
            start(args)
        elif verb == "wait":
            seconds, args = take_timeout(args, 180)
            wait(args[0], seconds)
        elif verb == "hotplug":
            qmp = Qmp(args[0])
            for n in range(8):
                if bus_empty(qmp, n):
                    qmp.call("device_add", **device(args[1]), bus=f"rp{n}")
                    return 0
            die("hotplug: no free root port")
        elif verb == "hotunplug":
            seconds, args = take_timeout(args, 60)
            qmp = Qmp(args[0])
            ident = device(args[1])["id"]
            qmp.call("device_del", id=ident)
            if not qmp.wait_event("DEVICE_DELETED", ident, seconds):
                die(f"hotunplug: the guest did not give up {args[1]} within {seconds:.0f} s")
        elif verb == "migrate":
            seconds, args = take_timeout(args, 300)
            # Unless told otherwise, the time is the caller's to limit
            downtime, args = take_number("--downtime", args, 600000)
            migrate(args[0], args[1], seconds, int(downtime))
        elif verb == "qmp":
            print(json.dumps(Qmp(args[0]).call(args[1], **(json.loads(args[2]) if len(args) > 2 else {})), indent=1))
        elif verb == "log":
            sys.stdout.write(tail(path(args[0], "console"), 10000))
        elif verb == "pid":
            print(need(args[0]))
        elif verb == "template":
            template(args)
        elif verb == "clone":
            seconds, args = take_timeout(args, 600)
            return clone(args[0], args[1:], seconds)
        elif verb == "stop":
            stop(args)
        elif verb == "list":
            for name in running():
                print(name, pid_of(name))
        else:
            die(f"unknown command {verb}; see l2 --help")
    except IndexError:
        die(f"{verb}: an argument is missing; see l2 --help")
    return 0


def bus_empty(qmp, n):
    for bus in qmp.call("query-pci"):
        for dev in bus["devices"]:
            if dev.get("qdev_id") == f"rp{n}":
                return not dev["pci_bridge"].get("devices")
    return False
