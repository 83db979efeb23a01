"""Lists a month's usage, SIMs and fleets with Twilio's client library, which speaks the API that KORE took over.

    twilio_client.py URL CLIENT_ID CLIENT_SECRET

prints one line for each usage record, SIM and fleet. The library knows only Twilio's host and keys; its requests are
sent to URL with KORE's kind of token instead.
"""

import sys
from datetime import datetime, timezone
from urllib.parse import urlsplit

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


class Redirected(TwilioHttpClient):
    """Sends every request to another server, with a token."""

    def __init__(self, base: str, token: str):
        super().__init__()
        self.base = base
        self.token = token

    def request(self, method, url, params=None, data=None, headers=None, auth=None, timeout=None, allow_redirects=False):
        parts = urlsplit(url)
        if parts.hostname not in ("supersim.twilio.com", "127.0.0.1"):
            raise ValueError(f"a page leads to {parts.hostname}")
        target = self.base + parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {**(headers or {}), "Authorization": f"Bearer {self.token}"}
        return super().request(method, target, params, data, headers, None, timeout, allow_redirects)


def main() -> None:
    base, client_id, client_secret = sys.argv[1:]
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    answer = requests.post(f"{base}/api-services/v1/auth/token", data=form, timeout=30)
    answer.raise_for_status()
    supersim = Client("AC" + "0" * 32, "unused", http_client=Redirected(base, answer.json()["access_token"])).supersim.v1
    day = lambda year, month: datetime(year, month, 1, tzinfo=timezone.utc)
    for record in supersim.usage_records.list(
        group="sim", granularity="day", start_time=day(2022, 8), end_time=day(2022, 9), page_size=249
    ):
        print("usage", record.sim_sid, record.period["start_time"], record.data_total, record.billed_unit)
    for sim in supersim.sims.list(page_size=249):
        print("sim", sim.sid, sim.unique_name, sim.fleet_sid)
    for fleet in supersim.fleets.list(page_size=249):
        print("fleet", fleet.sid, fleet.unique_name)


if __name__ == "__main__":
    main()
