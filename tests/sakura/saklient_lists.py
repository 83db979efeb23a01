"""Asks a SAKURA Cloud with the provider's own client and prints what it understood, as JSON.

Usage: saklient_lists.py URL TOKEN SECRET, where URL is that of a server that plays SAKURA Cloud.
"""

import json
import sys

from saklient.cloud.api import API
from saklient.errors.httpexception import HttpException


def row(resource):
    return [str(resource.id), resource.name, list(resource.tags)]


def main(url, token, secret):
    def zone(name, with_secret=secret):
        api = API.authorize(token, with_secret, name)
        api.client.set_api_root(url + "/cloud/")
        return api

    first = zone("tk1a").swytch.limit(100).find()
    rest = zone("tk1a").swytch.offset(100).limit(100)
    found = {
        "servers of is1b": [row(one) for one in zone("is1b").server.find()],
        "servers of tk1a": [row(one) for one in zone("tk1a").server.find()],
        "disks tagged customer=acme": [row(one) for one in zone("is1b").disk.with_tag("customer=acme").find()],
        "disks tagged prod": [row(one) for one in zone("is1b").disk.with_tag("prod").find()],
        "switches on page 1": len(first),
        "switches on page 2": [row(one) for one in rest.find()],
        "switches in all": rest.total,
    }
    try:
        zone("is1b", "wrong").server.find()
    except HttpException as refused:
        found["with a wrong secret"] = [refused.status, refused.code]
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
