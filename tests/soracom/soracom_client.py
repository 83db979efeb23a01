"""SORACOM's own client library against a server; prints what it understood.

usage: soracom_client.py URL AUTH_KEY_ID AUTH_KEY
"""
import sys

import soracom_api
from soracom_api.api import auth_api, billing_api
from soracom_api.model.auth_request import AuthRequest

url, key_id, key = sys.argv[1:]
configuration = soracom_api.Configuration(host=f"{url}/v1")
with soracom_api.ApiClient(configuration) as client:
    token = auth_api.AuthApi(client).auth(AuthRequest(auth_key_id=key_id, auth_key=key))
configuration.api_key["api_key"] = token.api_key
configuration.api_key["api_token"] = token.token
with soracom_api.ApiClient(configuration) as client:
    billing = billing_api.BillingApi(client)
    bill = billing.get_billing("202208")
    print("bill", bill.year_month, float(bill.amount), bill.currency, bill.state)
    print("months", *[one.year_month for one in billing.get_billing_history().bill_list])
    for day in billing.get_billing_per_day("202208").bill_list:
        print("day", day.date, float(day.amount))
    print("export", billing.export_billing("202208", export_mode="sync").url.split("?")[0])
