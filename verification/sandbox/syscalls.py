"""System call numbers of the calls the child may not make, for the two machines we run on.

Names are the kernel's, numbers from its headers: x86_64 has its own table, aarch64 the generic one
(``asm-generic/unistd.h``), where some old calls do not exist.

Next station: the filter made of them, ``verification/sandbox/seccomp.py``.
"""

from __future__ import annotations

Row = tuple[str, int | None, int | None]
"""Name, number on x86_64, number on aarch64."""

DENIED: tuple[Row, ...] = (
    # No new process, no new program.
    ("fork", 57, None),
    ("vfork", 58, None),
    ("execveat", 322, 281),
    # No sockets, connected or not.
    ("socket", 41, 198),
    ("socketpair", 53, 199),
    ("connect", 42, 203),
    ("bind", 49, 200),
    ("listen", 50, 201),
    ("accept", 43, 202),
    ("accept4", 288, 242),
    ("sendto", 44, 206),
    ("sendmsg", 46, 211),
    ("sendmmsg", 307, 269),
    ("recvfrom", 45, 207),
    ("recvmsg", 47, 212),
    ("recvmmsg", 299, 243),
    ("shutdown", 48, 210),
    ("setsockopt", 54, 208),
    # No other process's memory, descriptors or signals.
    ("ptrace", 101, 117),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("process_madvise", 440, 440),
    ("process_mrelease", 448, 448),
    ("kcmp", 312, 272),
    ("pidfd_open", 434, 434),
    ("pidfd_getfd", 438, 438),
    ("pidfd_send_signal", 424, 424),
    ("kill", 62, 129),
    ("rt_sigqueueinfo", 129, 138),
    ("rt_tgsigqueueinfo", 297, 240),
    # No mounts, no namespaces.
    ("mount", 165, 40),
    ("umount2", 166, 39),
    ("pivot_root", 155, 41),
    ("chroot", 161, 51),
    ("move_mount", 429, 429),
    ("open_tree", 428, 428),
    ("fsopen", 430, 430),
    ("fsconfig", 431, 431),
    ("fsmount", 432, 432),
    ("fspick", 433, 433),
    ("mount_setattr", 442, 442),
    ("setns", 308, 268),
    ("unshare", 272, 97),
    # No kernel keyrings, programs or rings: the usual way out of a container.
    ("add_key", 248, 217),
    ("request_key", 249, 218),
    ("keyctl", 250, 219),
    ("bpf", 321, 280),
    ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282),
    ("io_uring_setup", 425, 425),
    ("io_uring_enter", 426, 426),
    ("io_uring_register", 427, 427),
    ("fanotify_init", 300, 262),
    ("fanotify_mark", 301, 263),
    ("name_to_handle_at", 303, 264),
    ("open_by_handle_at", 304, 265),
    # No administration.
    ("init_module", 175, 105),
    ("finit_module", 313, 273),
    ("delete_module", 176, 106),
    ("kexec_load", 246, 104),
    ("kexec_file_load", 320, 294),
    ("reboot", 169, 142),
    ("swapon", 167, 224),
    ("swapoff", 168, 225),
    ("settimeofday", 164, 170),
    ("clock_settime", 227, 112),
    ("clock_adjtime", 305, 266),
    ("adjtimex", 159, 171),
    ("sethostname", 170, 161),
    ("setdomainname", 171, 162),
    ("iopl", 172, None),
    ("ioperm", 173, None),
    ("modify_ldt", 154, None),
    ("personality", 135, 92),
    ("acct", 163, 89),
    ("quotactl", 179, 60),
    ("quotactl_fd", 443, 443),
    ("syslog", 103, 116),
    ("vhangup", 153, 58),
    ("nfsservctl", 180, 42),
    ("lookup_dcookie", 212, 18),
    # No memory that RLIMIT_AS does not count, no channel that outlives the child.
    ("memfd_create", 319, 279),
    ("memfd_secret", 447, 447),
    ("shmget", 29, 194),
    ("shmat", 30, 196),
    ("shmctl", 31, 195),
    ("shmdt", 67, 197),
    ("msgget", 68, 186),
    ("msgsnd", 69, 189),
    ("msgrcv", 70, 188),
    ("msgctl", 71, 187),
    ("semget", 64, 190),
    ("semop", 65, 193),
    ("semctl", 66, 191),
    ("semtimedop", 220, 192),
    ("mq_open", 240, 180),
    ("mq_unlink", 241, 181),
    ("mq_timedsend", 242, 182),
    ("mq_timedreceive", 243, 183),
    ("mq_notify", 244, 184),
    ("mq_getsetattr", 245, 185),
    # Only plain files in the output directory.
    ("link", 86, None),
    ("linkat", 265, 37),
    ("symlink", 88, None),
    ("symlinkat", 266, 36),
    ("mknod", 133, None),
    ("mknodat", 259, 33),
)
"""Always answered with EPERM."""

JUDGED: tuple[Row, ...] = (
    # By argument, by stage, or needed to load the filter.
    ("execve", 59, 221),
    ("setrlimit", 160, 164),
    ("clone", 56, 220),
    ("clone3", 435, 435),
    ("prlimit64", 302, 261),
    ("ioctl", 16, 29),
    ("seccomp", 317, 277),
)
"""Calls the filter treats one by one."""
