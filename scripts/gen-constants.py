#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes compiler/constants_table.c from a kernel's source.

usage: scripts/gen-constants.py LINUX > compiler/constants_table.c

LINUX is an unpacked kernel source tree (as of linux-source-6.12 of Debian, or
kernel.org's). Its own "make headers_install" (which needs make, gcc and rsync)
writes the headers of each architecture to a temporary directory; each header
listed in THEMES below is then preprocessed by a compiler for the ABI, and every
macro and enumerator whose name the theme wants, and which is an integer
constant expression, is evaluated by that compiler. So sizeof(struct) in ioctl
numbers has the ABI's own layout.

The compilers are Debian's gcc and its cross compilers: gcc, gcc-aarch64-linux-gnu,
gcc-arm-linux-gnueabihf, gcc-mips64-linux-gnuabi64, gcc-powerpc64-linux-gnu,
gcc-s390x-linux-gnu, gcc-riscv64-linux-gnu, gcc-m68k-linux-gnu,
gcc-hppa-linux-gnu, gcc-hppa64-linux-gnu, gcc-sh4-linux-gnu.

A few constants are in no header that the kernel installs; FRAGMENTS and
LITERALS say where each comes from. The result is committed: a build needs
neither the kernel's source nor Python.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

# ABIs whose long is 64 bits.
LP64 = {"x86_64", "aarch64", "riscv64", "ppc64le", "ppc64", "s390x", "mips64", "mipsel64", "loongarch64", "parisc64"}

LOONGARCH = "-U__riscv -U__riscv_xlen -D__loongarch__ -D__loongarch64 -D__loongarch_grlen=64".split()

# name in cache/arch.c, the kernel's ARCH, compiler. loongarch64 has no cross
# compiler in Debian 12; its lp64 ABI lays out structs as riscv64's does.
ABIS = [
    ("x86_64", "x86", "gcc -m64"),
    ("x86", "x86", "gcc -m32"),
    ("x32", "x86", "gcc -mx32"),
    ("aarch64", "arm64", "aarch64-linux-gnu-gcc"),
    ("arm", "arm", "arm-linux-gnueabihf-gcc"),
    ("riscv64", "riscv", "riscv64-linux-gnu-gcc"),
    ("ppc64le", "powerpc", "powerpc64-linux-gnu-gcc -mlittle-endian -mabi=elfv2"),
    ("ppc64", "powerpc", "powerpc64-linux-gnu-gcc"),
    ("ppc", "powerpc", "powerpc64-linux-gnu-gcc -m32"),
    ("s390x", "s390", "s390x-linux-gnu-gcc -m64"),
    ("s390", "s390", "s390x-linux-gnu-gcc -m31"),
    ("mips", "mips", "mips64-linux-gnuabi64-gcc -mabi=32"),
    ("mipsel", "mips", "mips64-linux-gnuabi64-gcc -mabi=32 -EL"),
    ("mips64", "mips", "mips64-linux-gnuabi64-gcc -mabi=64"),
    ("mipsel64", "mips", "mips64-linux-gnuabi64-gcc -mabi=64 -EL"),
    ("mips64n32", "mips", "mips64-linux-gnuabi64-gcc -mabi=n32"),
    ("mipsel64n32", "mips", "mips64-linux-gnuabi64-gcc -mabi=n32 -EL"),
    ("loongarch64", "loongarch", "riscv64-linux-gnu-gcc " + " ".join(LOONGARCH)),
    ("m68k", "m68k", "m68k-linux-gnu-gcc"),
    ("parisc", "parisc", "hppa-linux-gnu-gcc"),
    ("parisc64", "parisc", "hppa64-linux-gnu-gcc"),
    ("sh", "sh", "sh4-linux-gnu-gcc -ml"),
    ("sheb", "sh", "sh4-linux-gnu-gcc -mb"),
]

FAMILIES = {
    "PPC_ANY": ["ppc64le", "ppc64", "ppc"], "S390_ANY": ["s390x", "s390"], "PARISC_ANY": ["parisc", "parisc64"],
    "MIPS_ANY": ["mips", "mipsel", "mips64", "mipsel64", "mips64n32", "mipsel64n32"], "SH_ANY": ["sh", "sheb"],
}

# theme: (headers, names wanted). An asm/ header that an architecture lacks is
# skipped. Each theme is one translation unit, so that headers which define the
# same name in different ways do not meet.
THEMES = {
    "errno": ("asm/errno.h linux/errno.h", r"E[A-Z0-9]+"),
    "socket": (
        "asm/socket.h asm/sockios.h linux/fcntl.h linux/net.h linux/in.h linux/in6.h linux/ipv6.h linux/socket.h",
        r"(AF|PF|SOL|SO|SCM|SHUT|IPPROTO|IP|IPV6|IPV6_\w+|MCAST|IPPORT|SYS)_[A-Z0-9_]+|IPX_TYPE|SOMAXCONN|"
        r"MSG_(?!INTERNAL|NO_SHARED|SENDPAGE|SPLICE|CMSG_COMPAT)[A-Z0-9_]+|"
        r"SOCK_(STREAM|DGRAM|RAW|RDM|SEQPACKET|DCCP|PACKET|CLOEXEC|NONBLOCK|TYPE_MASK)|(FIO|SIOC)\w+"),
    "sockios": ("asm/ioctls.h linux/sockios.h", r"SIOC\w+"),
    "wireless": ("linux/wireless.h", r"SIOC[GS]IW\w+"),
    "tcp": ("linux/tcp.h", r"TCP_(?!FLAG_|INQ_|DATA_|RESERVED_)[A-Z0-9_]+|TCPI_\w+"),
    "mptcp": ("linux/in.h linux/mptcp.h", r"MPTCP_(INFO|TCPINFO|SUBFLOW_ADDRS|FULL_INFO)"),
    "udp": ("linux/udp.h", r"UDP_\w+"),
    "sctp": ("sys/socket.h libc-msg.h linux/sctp.h", r"SCTP_(?!UNORDERED|ADDR_OVER)[A-Z0-9_]+"),
    "tls": ("linux/tls.h", r"TLS_(?!\w+_SIZE)\w+"),
    "netlink": ("linux/netlink.h", r"(NETLINK|NLM_F|NLMSG|RTMGRP)_\w+"),
    "rtnetlink": ("linux/rtnetlink.h", r"(RTM|RTMGRP)_\w+|RTNLGRP_\w+"),
    "packet": ("linux/if_packet.h", r"(PACKET|TPACKET)_[A-Z0-9_]+"),
    "vsock": ("sys/socket.h linux/vm_sockets.h", r"(SO_VM|VMADDR|VSOCK|IOCTL_VM)_\w+"),
    "alg": ("linux/if_alg.h", r"ALG_\w+"),
    "xdp": ("linux/if_xdp.h", r"XDP_\w+"),
    "can": ("linux/can.h linux/can/raw.h linux/can/bcm.h linux/can/isotp.h linux/can/j1939.h",
            r"CAN_(RAW|BCM|TP16|TP20|MCNET|ISOTP|J1939|NPROTO)\w*|SOL_CAN\w*|SO_J1939_\w+"),
    "bluetooth": ("", r"BTPROTO_(?!LAST)\w+"),
    "open": ("linux/fcntl.h linux/openat2.h asm/fcntl.h",
             r"(O|F|FD|LOCK|AT|DN|RESOLVE|RWH|OPEN_HOW)_[A-Z0-9_]+|FASYNC|FAPPEND|FNDELAY|FNONBLOCK"),
    "stat": ("linux/stat.h", r"S_I[A-Z]+|(STATX|UTIME)_\w+"),
    "fs": ("linux/fs.h linux/fiemap.h linux/blktrace_api.h",
           r"(SEEK|RENAME|RWF|FS_XFLAG|PROCFS|PAGE_IS|PM_SCAN|SYNC_FILE_RANGE)_\w+|FS_[A-Z_]+_FL|"
           r"(BLK(?!TRACE_H)|FI|FS_IOC|FITRIM|FICLONE|FIDEDUPE)[A-Z0-9_]+"),
    "mount": ("linux/fcntl.h linux/mount.h",
              r"(MS|OPEN_TREE|MOVE_MOUNT|FSOPEN|FSPICK|FSCONFIG|FSMOUNT|MOUNT_ATTR|STATMOUNT|LSMT|LISTMOUNT)_\w+"),
    "umount": ("", r"MNT_(FORCE|DETACH|EXPIRE)|UMOUNT_NOFOLLOW"),
    "swap": ("", r"SWAP_FLAG_\w+"),
    "falloc": ("linux/falloc.h", r"FALLOC_FL_\w+"),
    "fadvise": ("linux/fadvise.h", r"POSIX_FADV_\w+"),
    "xattr": ("linux/xattr.h", r"XATTR_(CREATE|REPLACE|SIZE_MAX|LIST_MAX|NAME_MAX)"),
    "quota": ("linux/quota.h", r"Q_[A-Z0-9]+|(USR|GRP|PRJ)QUOTA|QIF_\w+|QFMT_\w+"),
    "xfs-quota": ("linux/dqblk_xfs.h", r"Q_X\w+"),
    "splice": ("", r"SPLICE_F_(?!ALL)\w+"),
    "epoll": ("linux/eventpoll.h", r"EPOLL\w+|EPIOC\w+"),
    "poll": ("asm/poll.h", r"POLL\w+"),
    "eventfd": ("linux/eventfd.h", r"EFD_\w+"),
    "signalfd": ("linux/signalfd.h", r"SFD_\w+"),
    "timerfd": ("linux/timerfd.h", r"TFD_\w+"),
    "inotify": ("linux/inotify.h", r"IN_\w+|INOTIFY_\w+"),
    "fanotify": ("linux/fanotify.h", r"FAN_\w+"),
    "memfd": ("linux/memfd.h", r"MFD_\w+"),
    "random": ("linux/random.h", r"GRND_\w+|RND[A-Z]+"),
    "close_range": ("linux/close_range.h", r"CLOSE_RANGE_\w+"),
    "pidfd": ("linux/pidfd.h", r"PIDFD_\w+"),
    "kcmp": ("linux/kcmp.h", r"KCMP_\w+"),
    "aio": ("linux/aio_abi.h", r"IOC(B_CMD|B_FLAG)_\w+"),
    "io_uring": ("linux/io_uring.h", r"IORING_[A-Z0-9_]+|IOSQE_\w+"),
    "mman": ("asm/mman.h linux/mman.h", r"(PROT|MAP|MS|MCL|MADV|MREMAP|PKEY|MLOCK|OVERCOMMIT|SHADOW_STACK)_\w+"),
    "mempolicy": ("linux/mempolicy.h", r"MPOL_\w+"),
    "userfaultfd": ("linux/userfaultfd.h", r"(UFFD|UFFDIO|USERFAULTFD)_\w+"),
    "ipc": ("linux/ipc.h", r"IPC_\w+|(SEM|MSG|SHM)(OP|GET|CTL|TIMEDOP|SND|RCV|AT|DT)|IPCCALL"),
    "sem": ("linux/sem.h", r"SEM_\w+|(GET|SET)(PID|VAL|ALL|NCNT|ZCNT)"),
    "shm": ("linux/shm.h", r"SHM_\w+"),
    "msg": ("linux/msg.h", r"MSG_(NOERROR|EXCEPT|COPY|STAT|STAT_ANY|INFO)"),
    "mqueue": ("linux/mqueue.h", r"MQ_\w+|NOTIFY_\w+"),
    "sched": ("linux/sched.h", r"(CLONE|SCHED|CSIGNAL)(_\w+)?"),
    "wait": ("linux/wait.h", r"W[A-Z]+|__W[A-Z]+|P_(ALL|PID|PGID|PIDFD)"),
    "prctl": ("linux/prctl.h", r"PR_\w+"),
    "arch_prctl": ("asm/prctl.h", r"ARCH_\w+"),
    "ptrace": ("linux/ptrace.h", r"PTRACE_\w+"),
    "asm-ptrace": ("asm/ptrace.h", r"PTRACE_\w+|PTRACE_O_\w+"),
    "resource": ("linux/resource.h asm/resource.h", r"(RLIMIT|RUSAGE|PRIO|RLIM)_\w+|RLIM64_INFINITY"),
    "ioprio": ("linux/ioprio.h", r"IOPRIO_\w+"),
    "futex": ("linux/futex.h", r"(FUTEX|FUTEX2|ROBUST)_\w+"),
    "rseq": ("linux/rseq.h", r"RSEQ_(FLAG|CS_FLAG)_\w+"),
    "membarrier": ("linux/membarrier.h", r"MEMBARRIER_\w+"),
    "seccomp": ("linux/seccomp.h", r"SECCOMP_\w+"),
    "capability": ("linux/capability.h", r"CAP_\w+|_LINUX_CAPABILITY_(VERSION\w*|U32S\w*)"),
    "securebits": ("linux/securebits.h", r"(SECBIT|SECURE)_\w+|SECUREBITS_\w+"),
    "personality": ("linux/personality.h", r"PER_\w+|ADDR_[A-Z0-9_]+|UNAME26|FDPIC_FUNCPTRS|MMAP_PAGE_ZERO|"
                    r"READ_IMPLIES_EXEC|SHORT_INODE|WHOLE_SECONDS|STICKY_TIMEOUTS"),
    "signal": ("linux/signal.h asm/signal.h",
               r"SIG[A-Z0-9]+|SIG_(BLOCK|UNBLOCK|SETMASK)|SA_\w+|SS_\w+|MINSIGSTKSZ"),
    "siginfo": ("asm/siginfo.h", r"SI_\w+|SIGEV_\w+|(BUS|CLD|FPE|ILL|SEGV|TRAP)_[A-Z]+"),
    "time": ("linux/time.h", r"(CLOCK|TIMER|ITIMER)_\w+"),
    "timex": ("linux/timex.h", r"(ADJ|MOD|STA|TIME)_\w+"),
    "reboot": ("linux/reboot.h", r"LINUX_REBOOT_\w+"),
    "kexec": ("linux/kexec.h", r"KEXEC_\w+"),
    "module": ("linux/module.h", r"MODULE_INIT_\w+"),
    "scsi": ("", r"SCSI_IOCTL_(SEND|TEST|BENCH|SYNC|START|STOP|DOOR|PROBE|GET)\w*|"
                 r"SG_(IO|GET|SET|EMULATED|SCSI|NEXT)[A-Z0-9_]*"),
    "syslog": ("", r"SYSLOG_ACTION_\w+"),
    "keyctl": ("linux/keyctl.h", r"(KEYCTL|KEY_SPEC|KEY_REQKEY|KEYCTL_\w+)_\w+"),
    "key-permissions": ("", r"KEY_(POS|USR|GRP|OTH)_\w+"),
    "bpf": ("linux/bpf.h", r"BPF_(MAP|PROG|OBJ|LINK|BTF|RAW|TASK|ENABLE|ITER|TOKEN|F|CGROUP)_\w+|"
                           r"BPF_(ANY|NOEXIST|EXIST)"),
    "perf": ("linux/perf_event.h", r"PERF_(FLAG|EVENT_IOC|TYPE|COUNT|SAMPLE|FORMAT|ATTR)_\w+"),
    "landlock": ("linux/landlock.h", r"LANDLOCK_\w+"),
    "lsm": ("linux/lsm.h", r"LSM_\w+"),
    "nsfs": ("linux/nsfs.h", r"NS_\w+|MNT_NS_\w+"),
    "cachectl": ("asm/cachectl.h", r"[ID]CACHE|BCACHE|(CACHEABLE|UNCACHEABLE)|FLUSH_\w+|CACHEFLUSH_\w+"),
    "sysmips": ("asm/sysmips.h", r"SETNAME|FLUSH_CACHE|MIPS_\w+"),
    "ldt": ("asm/ldt.h", r"MODIFY_LDT_\w+|LDT_\w+"),
    "hwprobe": ("asm/hwprobe.h", r"RISCV_HWPROBE_(KEY|WHICH|EXT|IMA|MISALIGNED|VENDOR)\w*"),
    "terminal": ("asm/termbits.h linux/termios.h linux/serial.h asm/ioctls.h",
                 r"(TIO|TC)\w+|FIO\w+"),
    "tty": ("linux/tty.h", r"N_[A-Z0-9]+"),
    "tiocl": ("linux/tiocl.h", r"TIOCL_\w+"),
    "console": ("linux/kd.h linux/vt.h", r"(KD|GIO|PIO|VT)_?[A-Z0-9_]+|K_(RAW|XLATE|MEDIUMRAW|UNICODE|OFF)|[GP]IO_\w+"),
}

# Headers whose ioctls are wanted: macros made with _IO(), _IOR(), _IOW() or
# _IOWR(), or with the header's own wrapper of these.
IOCTLS = """
asm/kvm.h asm/mtrr.h asm/sgx.h drm/drm.h drm/amdgpu_drm.h drm/i915_drm.h drm/msm_drm.h drm/nouveau_drm.h
drm/panfrost_drm.h drm/radeon_drm.h drm/v3d_drm.h drm/vc4_drm.h drm/virtgpu_drm.h drm/xe_drm.h
linux/android/binder.h linux/auto_dev-ioctl.h linux/auto_fs.h linux/blkpg.h linux/blkzoned.h linux/btrfs.h
linux/cec.h linux/cxl_mem.h linux/dm-ioctl.h linux/dma-buf.h linux/dma-heap.h linux/ext4.h linux/f2fs.h
linux/fd.h linux/fiemap.h linux/firewire-cdev.h linux/fscrypt.h linux/fsmap.h linux/fsverity.h linux/fuse.h
linux/gpio.h linux/hiddev.h linux/hidraw.h linux/if_tun.h linux/input.h linux/iommufd.h linux/ipmi.h
linux/kcov.h linux/kvm.h linux/lirc.h linux/loop.h linux/lp.h linux/media.h linux/mei.h linux/mmc/ioctl.h
linux/msdos_fs.h linux/mtio.h linux/nbd.h linux/nsfs.h linux/nvme_ioctl.h linux/pps.h linux/ppdev.h
linux/pr.h linux/psp-sev.h linux/ptp_clock.h linux/random.h linux/rfkill.h
linux/rpmsg.h linux/rtc.h linux/sed-opal.h linux/sev-guest.h linux/spi/spidev.h
linux/suspend_ioctls.h linux/sync_file.h linux/tdx-guest.h linux/tee.h linux/ublk_cmd.h linux/udmabuf.h
linux/uinput.h linux/usbdevice_fs.h linux/usb/cdc-wdm.h linux/usb/functionfs.h linux/usb/tmc.h
linux/user_events.h linux/vduse.h linux/vfio.h linux/vhost.h linux/videodev2.h linux/watch_queue.h
linux/watchdog.h mtd/mtd-abi.h mtd/ubi-user.h rdma/rdma_user_ioctl.h sound/asound.h sound/compress_offload.h
""".split()
IOCTL_BODY = r"\b_?(IO|IOR|IOW|IOWR|IOC|IO_ONCE|DRM_IO[WR]*|TEE_IO\w*|AUTOFS_\w*IO|DM_IO\w*|BTRFS_IO\w*|KVM_IO\w*)\s*\("

# Older ioctls that are plain numbers, by header.
PLAIN_IOCTLS = {
    "linux/cdrom.h": r"CDROM[A-Z_]+|DVD_(READ|WRITE)_STRUCT|DVD_AUTH",
    "linux/hdreg.h": r"HDIO_[A-Z_]+",
    "linux/i2c-dev.h": r"I2C_(RETRIES|TIMEOUT|SLAVE|SLAVE_FORCE|TENBIT|FUNCS|RDWR|PEC|SMBUS)",
    "linux/loop.h": r"LOOP_[A-Z0-9_]+",
    "linux/nvram.h": r"NVRAM_\w+",
    "linux/major.h linux/raid/md_u.h":
        r"RAID_\w+|(GET|SET|ADD|HOT|RUN|STOP|RESTART|CLEAR|WRITE|PROTECT|UNPROTECT)_[A-Z_]+",
    "linux/filter.h linux/ppp-ioctl.h": r"PPPIOC\w+",
}

# Their structs hold a struct timeval or timespec, whose size on a 32-bit ABI is
# the C library's choice, and with it the ioctl's number: 64-bit ABIs only. For
# the same reason SO_TIMESTAMP, SO_RCVTIMEO, SIOCGSTAMP and the like, which the
# headers make depend on time_t, have no value on 32-bit ABIs; their variants
# named _OLD and _NEW do.
TIME_HEADERS = {"linux/videodev2.h", "sound/asound.h", "sound/compress_offload.h"}

# Headers that are the kernel's own, not installed, and what is taken from them.
FRAGMENTS = {
    "socket": [
        ("include/linux/socket.h", r"(AF|PF|MSG|SOL)_\w+|SCM_\w+|SOMAXCONN"),
        ("include/linux/net.h", r"SOCK_(TYPE_MASK|CLOEXEC|NONBLOCK)|enum sock_type|enum sock_shutdown_cmd"),
    ],
    "bluetooth": [("include/net/bluetooth/bluetooth.h", r"BTPROTO_\w+")],
    "stat": [("include/linux/stat.h", r"UTIME_\w+")],
    "umount": [("include/linux/fs.h", r"MNT_(FORCE|DETACH|EXPIRE)|UMOUNT_\w+")],
    "swap": [("include/linux/swap.h", r"SWAP_FLAG_\w+")],
    "scsi": [("include/scsi/scsi_ioctl.h", r"SCSI_IOCTL_\w+"), ("include/scsi/sg.h", r"SG_\w+")],
    "splice": [("include/linux/splice.h", r"SPLICE_F_\w+")],
    "syslog": [("include/linux/syslog.h", r"SYSLOG_ACTION_\w+")],
    "key-permissions": [("include/linux/key.h", r"KEY_(POS|USR|GRP|OTH)_\w+")],
}
# Where an architecture overrides such a header: mips alone numbers SOCK_STREAM 2 and SOCK_DGRAM 1.
OVERRIDES = {"include/linux/net.h": "include/asm/socket.h"}

# In no header of the kernel: POSIX's access modes (fs/open.c masks them with
# S_IRWXO), and what libcs call the same thing.
LITERALS = {
    "F_OK": 0, "X_OK": 1, "W_OK": 2, "R_OK": 4,
    "ENOTSUP": "EOPNOTSUPP", "ECANCELED": "ECANCELLED",
    "SCHED_OTHER": "SCHED_NORMAL",
    "MAP_ANON": "MAP_ANONYMOUS",
    "PTRACE_PEEKUSER": "PTRACE_PEEKUSR", "PTRACE_POKEUSER": "PTRACE_POKEUSR",
    "RB_AUTOBOOT": "LINUX_REBOOT_CMD_RESTART", "RB_HALT_SYSTEM": "LINUX_REBOOT_CMD_HALT",
    "RB_ENABLE_CAD": "LINUX_REBOOT_CMD_CAD_ON", "RB_DISABLE_CAD": "LINUX_REBOOT_CMD_CAD_OFF",
    "RB_POWER_OFF": "LINUX_REBOOT_CMD_POWER_OFF", "RB_SW_SUSPEND": "LINUX_REBOOT_CMD_SW_SUSPEND",
    "RB_KEXEC": "LINUX_REBOOT_CMD_KEXEC",
    "SOL_CAN_RAW": 101,
}

# What the headers include of the C library, as far as they need it.
STUBS = {
    "sys/socket.h": "#pragma once\n#include <linux/socket.h>\n"
                    "struct sockaddr { unsigned short sa_family; char sa_data[14]; };\n"
                    "typedef __kernel_sa_family_t sa_family_t;\n"
                    "#define sockaddr_storage __kernel_sockaddr_storage\n",
    "sys/time.h": "#pragma once\n#if __SIZEOF_LONG__ == 8\n#include <linux/time.h>\n"
                  "typedef __kernel_old_time_t time_t;\n#endif\n",
    "time.h": "#include <sys/time.h>\n",
    "libc-msg.h": "#define MSG_FIN 0x200\n", # as the kernel's include/linux/socket.h
    "stdint.h": "#pragma once\n" + "".join(
        f"typedef __{sign}INT{bits}_TYPE__ {sign.lower()}int{bits}_t;\n"
        for sign in ("", "U") for bits in (8, 16, 32, 64)) + "typedef __UINTPTR_TYPE__ uintptr_t;\n",
    "sys/types.h": "#pragma once\ntypedef __kernel_pid_t pid_t;\ntypedef __kernel_loff_t loff_t;\n",
    "stddef.h": "typedef __SIZE_TYPE__ size_t;\n",
    **{path: "" for path in ("limits.h", "netinet/in.h", "netinet/if_ether.h", "stdlib.h", "string.h",
                             "sys/ioctl.h", "unistd.h", "stdbool.h")},
}


def fail(text):
    raise SystemExit(f"gen-constants.py: {text}")


def install_headers(linux, arch, scratch):
    target = scratch / arch
    command = ["make", "-s", "-C", linux, "headers_install", f"ARCH={arch}",
               f"O={scratch / 'build' / arch}", f"INSTALL_HDR_PATH={target}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        fail(f"{' '.join(map(str, command))}: {done.stderr}")
    return target / "include"


def fragment(linux, arch, theme):
    """What FRAGMENTS names, an arch's own definitions first."""
    text, seen = [], set()
    for path, pattern in FRAGMENTS.get(theme, []):
        for source in (linux / "arch" / arch / OVERRIDES.get(path, "-"), linux / path):
            if not source.is_file():
                continue
            source = re.sub(r"/\*.*?\*/", " ", source.read_text(), flags=re.S).replace("\\\n", " ")
            for enum in re.finditer(r"^enum (\w+) \{[^}]*\};", source, flags=re.M):
                if re.fullmatch(pattern, "enum " + enum[1]) and enum[1] not in seen:
                    text.append(enum.group())
                    seen.add(enum[1])
            for macro in re.finditer(r"^#\s*define\s+(\w+)[ \t]+([^\n]*)", source, flags=re.M):
                if re.fullmatch(pattern, macro[1]):
                    text.append(f"#ifndef {macro[1]}\n#define {macro[1]} {macro[2]}\n#endif")
    return "\n".join(text)


def compile_text(abi, include, stubs, text, *options):
    # __USE_TIME_BITS64: structs that can do without struct timeval do so (linux/input.h).
    command = [*abi[2].split(), "-w", "-ffreestanding", "-nostdinc", "-ftrack-macro-expansion=0",
               "-D__USE_TIME_BITS64", "-isystem", stubs, "-isystem", include, "-x", "c", *options, "-", "-o", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True)


def candidates(preprocessed, wanted, wanted_body):
    """Object-like macros and enumerators of the name wanted, or made as the body wanted."""
    names = {}
    body = []
    for line in preprocessed.splitlines():
        macro = re.match(r"#(define|undef) (\w+)(?: (.*)|$)", line)
        if macro and macro[1] == "define":
            if re.fullmatch(wanted, macro[2]) or wanted_body and re.search(wanted_body, macro[3] or ""):
                names[macro[2]] = None
        elif macro:
            names.pop(macro[2], None)
        if not line.startswith("#"):
            body.append(line)
    for enum in re.finditer(r"\benum\b[^{;()]*\{([^}]*)\}", "\n".join(body)):
        for item in enum[1].split(","):
            name = re.match(r"\s*([A-Za-z_]\w*)", item)
            if name and re.fullmatch(wanted, name[1]):
                names[name[1]] = None
    return list(names)


def evaluate(abi, include, stubs, prologue, names):
    """name -> value, asking the compiler again without those that it rejects."""
    start = prologue.count("\n") + 1
    # Four bits at a time: some targets print larger immediates in ways of their own.
    nibbles = ", ".join(f'"i" ((int)((unsigned long long)({{1}}) >> {shift} & 15))' for shift in range(0, 64, 4))
    ask = ('void sb_{0}(void) {{ _Static_assert(({1}) == ({1}), ""); __asm__ volatile ("->{0}'
           + "".join(f" %{i}" for i in range(17)) + '" : : ' + nibbles + ', "i" (({1}) < 0)); }}')
    lines = [ask.format(i, name) for i, name in enumerate(names)]
    while True:
        done = compile_text(abi, include, stubs, prologue + "\n".join(lines) + "\n", "-S")
        if not done.returncode:
            break
        bad = {int(n) for n in re.findall(r"^<stdin>:(\d+):\d+: error:", done.stderr, flags=re.M)}
        bad = {n - start for n in bad if n >= start and lines[n - start]}
        if not bad:
            fail(f"{abi[0]}: {prologue}\n{done.stderr}")
        for n in bad:
            lines[n] = ""
    values = {}
    for i, *nibble, negative in re.findall(r"->(\d+)" + r" [$#]?(\d+)" * 17, done.stdout):
        value = sum(int(bits) << 4 * n for n, bits in enumerate(nibble))
        # 1 << 31 is meant as a bit (MS_NOUSER ...), not as the least int.
        if value == 0xFFFFFFFF80000000 and int(negative):
            value, negative = 0x80000000, 0
        values[names[int(i)]] = (value, bool(int(negative)))
    return values


def themes_of(abi):
    for name, (headers, wanted) in THEMES.items():
        yield name, headers, wanted, None
    for header in IOCTLS:
        if header not in TIME_HEADERS or abi[0] in LP64:
            yield header, "sys/socket.h sys/time.h " + header, "-", IOCTL_BODY
    for header, wanted in PLAIN_IOCTLS.items():
        yield header + ", plain", header, wanted, None


def theme_values(linux, abi, include, stubs, theme):
    name, headers, wanted, body = theme
    # First, what headers use without including it: __BITS_PER_LONG (mips, asm/fcntl.h), _IOWR (userfaultfd.h).
    prologue = []
    for header in ["linux/types.h", "linux/ioctl.h", "stddef.h", "stdint.h", "sys/types.h", *headers.split()]:
        if (include / header).is_file() or (stubs / header).is_file():
            prologue.append(f"#include <{header}>")
        elif not header.startswith("asm/") and header != "linux/kvm.h": # absent where there is no KVM
            fail(f"{name}: the kernel has no {header}")
    text = "\n".join(prologue) + "\n" + fragment(linux, abi[1], name) + "\n"
    done = compile_text(abi, include, stubs, text, "-E", "-dD", "-P")
    if done.returncode:
        fail(f"{abi[0]} {name}: {done.stderr}")
    names = candidates(done.stdout, wanted, body)
    values = evaluate(abi, include, stubs, text, names)
    return values, set(names) - set(values)


def constants_of(linux, abi, include, stubs):
    """name -> (value, is it negative, is it an error number), and names that have no value"""
    values, source, dropped = {}, {}, set()
    for theme in themes_of(abi):
        found, without = theme_values(linux, abi, include, stubs, theme)
        dropped |= without
        for name, value in found.items():
            if values.setdefault(name, value) != value:
                fail(f"{abi[0]}: {name} is {values[name]} in {source[name]}, {value} in {theme[0]}")
            source.setdefault(name, theme[0])
    for name, other in LITERALS.items():
        if isinstance(other, int):
            values.setdefault(name, (other, False))
        elif other in values and name not in values:
            values[name], source[name] = values[other], source[other]
    return {name: (*value, source.get(name) == "errno") for name, value in values.items()}, dropped


def joined(abis):
    """The abis' macros, a family's where all of it is meant."""
    left, words = list(abis), []
    for family, members in FAMILIES.items():
        if set(members) <= set(left):
            words.append(family)
            left = [name for name in left if name not in members]
    return " | ".join([name.upper() for name in left] + words)


def mask_text(abis):
    missing = [name for name, _, _ in ABIS if name not in abis]
    if not missing:
        return "ALL"
    return joined(abis) if len(missing) > 8 else f"ALL & ~({joined(missing)})"


def value_text(value, abis):
    return f"{{{value[0]:#x}, {mask_text(abis)}, {'true' if value[1] else 'false'}}}"


def version(linux):
    text = (linux / "Makefile").read_text()
    return ".".join(re.search(rf"^{key} = (\w+)", text, flags=re.M)[1]
                    for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))


def print_table(release, table):
    print("/* SPDX-License-Identifier: MIT */")
    print("/*")
    print(" * Generated by scripts/gen-constants.py; do not edit. From the headers of")
    print(f" * Linux {release}, as a compiler for each ABI evaluates them.")
    print(" */")
    print('#include "constants_table.h"\n')
    print("/* clang-format off */")
    print("const char *const sb_constant_columns[SB_CONSTANT_COLUMNS] = {")
    for name, _, _ in ABIS:
        print(f'\t"{name}",')
    print("};\n")
    for i, (name, _, _) in enumerate(ABIS):
        print(f"#define {name.upper()} (1u << {i})")
    for family, members in FAMILIES.items():
        print(f"#define {family} ({' | '.join(name.upper() for name in members)})")
    print(f"#define ALL ((1u << {len(ABIS)}) - 1)")
    print("\nconst struct sb_constant_row sb_constant_rows[] = {")
    rest = []
    for name in sorted(set().union(*table.values()), key=str.encode):
        abis_of = {}
        for abi, values in table.items():
            if name in values:
                abis_of.setdefault(values[name], []).append(abi)
        usual, *others = sorted(abis_of.items(), key=lambda item: -len(item[1]))
        errno = all(name in values and values[name][2] for values in table.values())
        cells = [f'.name = "{name}"', *([".is_errno = true"] if errno else []), ".usual = " + value_text(*usual)]
        if others:
            cells.append(f".others = {len(rest) + 1}")
            rest += [*(value_text(*other) for other in others), "{0, 0, false}"]
        print("\t{" + ", ".join(cells) + "},")
    print("};\nconst size_t sb_constant_row_count = sizeof(sb_constant_rows) / sizeof(sb_constant_rows[0]);")
    print("\nconst struct sb_constant_value sb_constant_others[] = {\n\t{0, 0, false},")
    for value in rest:
        print(f"\t{value},")
    print("};")


def main():
    if len(sys.argv) != 2:
        fail("usage: scripts/gen-constants.py LINUX > compiler/constants_table.c")
    linux = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        stubs = scratch / "stubs"
        for path, text in STUBS.items():
            (stubs / path).parent.mkdir(parents=True, exist_ok=True)
            (stubs / path).write_text(text)
        includes = {arch: install_headers(linux, arch, scratch) for arch in dict.fromkeys(a[1] for a in ABIS)}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {abi[0]: pool.submit(constants_of, linux, abi, includes[abi[1]], stubs) for abi in ABIS}
            results = {abi: job.result() for abi, job in jobs.items()}
    table = {abi: values for abi, (values, _) in results.items()}
    dropped = set().union(*(names for _, names in results.values())) - set().union(*table.values())
    # Mostly what only one architecture's structs make sense of; a forgotten #include shows here.
    print("without a value on any ABI:", *sorted(dropped), file=sys.stderr)
    print_table(version(linux), table)


if __name__ == "__main__":
    main()
