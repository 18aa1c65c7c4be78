#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cases.sh - what the rules look for, done for real, and beside each the harmless neighbour that they must not report.
#
# Runs as the first process of a container that tests/lib/container.bash makes (busybox's shell, /bin/act, programs
# that are act under another name). `act mark NAME` stands before each case: what follows in the recording belongs to
# it. What each case must yield is in rules/cases.tsv.

act=/bin/act

# Runs a case: its name, then the command. A case that this kernel cannot do is named on stdout.
# Programs are called by their path: busybox's shell would run its own applets instead, without an exec.
try() {
	name=$1
	shift
	$act mark "$name"
	"$@" >/tmp/out 2>&1 </dev/null
	[ $? != 3 ] || echo "cannot: $name"
}
do_sh() { eval "$1"; }		# a line of shell, in this very process

# What cases need and no rule may see: before the first mark.
/bin/ip link set lo up
for a in 169.254.169.254 203.0.113.7; do
	/bin/ip addr add $a/32 dev lo
done
/bin/mknod /dev/video0 c 1 3		# a stand-in that can be opened: the null device's number
/bin/mknod /dev/sda c 1 3
/bin/mkdir -p /mnt/disk /root/work /run
core=$(/bin/cat /proc/sys/kernel/core_pattern)
/usr/sbin/auditd sleep & guard=$!
/bin/idle sleep & other=$!

# Programs
try reverse-shell $act shell-on-socket /bin/sh -c id
try reverse-shell-not do_sh 'echo id | /bin/sh'
try memory $act run-from-memory
try memory-not $act only-memory $act noop
try miner $act noop -o stratum+tcp://pool.invalid:3333 -u x
try miner-not $act noop -o tcp://pool.invalid:3333
try dropped do_sh '/bin/cp /bin/act /root/tool; /root/tool noop'
try dropped-tmp do_sh '/bin/cp /bin/act /tmp/tool; /tmp/tool noop'
try dropped-not do_sh '/bin/cp /bin/act /root/copy; /bin/act noop'
try disguised-argv $act run-as '[kworker/0:1]' $act noop
try disguised-hidden /opt/.tool noop
try disguised-not /opt/tool noop
try package /usr/bin/apk noop
try package-nested /usr/bin/dpkg spawn /usr/bin/apk noop
try package-not /usr/bin/service spawn /opt/tool noop
try net-tool /bin/nc 127.0.0.1 1
try net-tool-not /bin/ping -c 1 127.0.0.1
try terminal-shell $act on-terminal /bin/sh -c id
try terminal-shell-not $act on-terminal $act noop
try shell $act spawn /bin/sh -c id
try shell-not do_sh '/bin/sh -c id'

# Files
try preload do_sh 'echo /root/x.so >/etc/ld.so.preload'
try preload-not /bin/cat /etc/ld.so.preload
try shadow /bin/cat /etc/shadow
try shadow-not-passwd /bin/cat /etc/passwd
try shadow-not-chage /usr/bin/chage read /etc/shadow
try ssh-key /bin/cat /root/.ssh/id_ed25519
try ssh-key-not /bin/cat /root/.ssh/id_ed25519.pub
try credentials /bin/cat /root/.aws/credentials
try credentials-not /usr/bin/service read /root/.aws/credentials
try token /bin/cat /run/secrets/kubernetes.io/serviceaccount/token
try token-not /usr/bin/service read /run/secrets/kubernetes.io/serviceaccount/token
try environ /bin/cat /proc/1/environ
try environ-not /bin/cat /proc/1/stat
try account do_sh 'echo intruder:x:0:0::/:/bin/sh >>/etc/passwd'
try account-not /usr/sbin/useradd append /etc/passwd user:x:1001:1001::/:/bin/sh
try authorized-keys do_sh 'echo ssh-ed25519 AAAA >>/root/.ssh/authorized_keys'
try authorized-keys-not do_sh 'echo host >>/root/.ssh/known_hosts'
try cron do_sh '/bin/mkdir -p /etc/cron.d; echo "* * * * * root /root/tool" >/etc/cron.d/refresh'
try cron-not /bin/cat /etc/cron.d/refresh
try startup do_sh 'echo /root/tool >>/root/.profile'
try startup-not /bin/cat /root/.profile
try history-emptied do_sh ': >/root/.bash_history'
try history-linked /bin/ln -sf /dev/null /root/.ash_history
try history-removed /bin/rm /root/.bash_history
try history-not do_sh 'echo ls >>/root/.sh_history'
try log-emptied do_sh ': >/var/log/app.log'
try log-truncated $act truncate /var/log/app.log
try log-removed /bin/rm /var/log/app.log
try log-not do_sh 'echo started >/var/log/new.log; echo stopped >>/var/log/new.log'
try log-not-logrotate /usr/sbin/logrotate truncate /var/log/new.log
try setuid /bin/chmod 4755 /root/tool
try setuid-created $act create-setuid /root/suid
try setuid-not /bin/chmod 755 /root/tool
try hosts do_sh 'echo 203.0.113.7 updates >>/etc/hosts'
try hosts-not /bin/cat /etc/hosts
try bin-write /bin/cp /bin/act /usr/bin/evil
try bin-write-not /bin/cp /bin/act /root/work/fine
try bin-write-not-package /usr/bin/dpkg append /usr/bin/installed x
try bin-altered /bin/mv /usr/bin/evil /usr/bin/ls2
try bin-altered-removed /bin/rm /usr/bin/ls2
try bin-altered-not /bin/mv /root/work/fine /root/work/fine2
try link /bin/ln -s /etc/shadow /tmp/innocent
try link-not /bin/ln -s /etc/passwd /tmp/harmless
try etc do_sh 'echo debug >/etc/app.conf'
try etc-not /bin/cat /etc/app.conf
try etc-not-package /usr/bin/dpkg append /etc/app.conf x
try dev-file do_sh 'echo x >/dev/.hidden'
try dev-file-not do_sh 'echo x >/dev/null; echo x >/dev/shm/note'
try camera /bin/cat /dev/video0
try camera-not-cheese /usr/bin/cheese read /dev/video0
try camera-not /bin/cat /dev/null

# Ways out
try kernel-setting do_sh 'echo "$core" >/proc/sys/kernel/core_pattern'
try kernel-setting-not /bin/cat /proc/sys/kernel/core_pattern
try memory-write $act write-memory
try memory-write-proc $act open-memory
try memory-write-not $act read-memory
try attach $act attach
try attach-not-gdb /usr/bin/gdb attach
try attach-not $act traceme
try module $act load-module /opt/tool
try module-not $act read /opt/tool
try bpf $act load-bpf
try bpf-not $act bpf-map
try runtime-socket $act connect-unix /run/docker.sock
try runtime-socket-not $act connect-unix /run/app.sock
try namespace $act enter-namespace
try namespace-not $act unshare-uts
try user-namespace $act unshare-user
try user-namespace-not $act unshare-uts
try mount /bin/mount -t tmpfs none /mnt/disk
try mount-not /bin/umount /mnt/disk
try chroot /bin/chroot / /bin/act noop
try chroot-not do_sh '(cd /root && /bin/act noop)'
try device /bin/cat /dev/sda
try device-not /bin/cat /dev/null
try device-node /bin/mknod /root/disk b 8 0
try device-node-not /bin/mknod /root/fifo p
try handle $act open-by-handle /dev/shm/note
try handle-not $act name-handle /dev/shm/note
try faults $act faults
try faults-not $act only-memory $act noop
try uring $act uring
try uring-not $act stream-to-pipe
try guard /bin/kill -9 $guard
try guard-not /bin/kill -9 $other

# Network
try stream $act stream-to-socket
try stream-not $act stream-to-pipe
try metadata $act connect 169.254.169.254 8080
try metadata-not $act connect 203.0.113.7 8081
try outbound /usr/bin/find connect 203.0.113.7 8082
try outbound-dropped /root/tool connect 203.0.113.7 8083
try outbound-not $act connect 203.0.113.7 8084
try outbound-not-local /usr/bin/find connect 127.0.0.1 8085
try packet $act packet-socket
try packet-not $act connect 127.0.0.1 8086

$act mark end
