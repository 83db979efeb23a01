"""One piece of work by one peer, in a process of its own: peer.py PEER INPUT OUTPUT [FONT…]."""
import sys


def weasyprint(html, pdf, _):
    from weasyprint import HTML

    HTML(html).write_pdf(pdf)


def fulgur(html, pdf, fonts):
    from pyfulgur import AssetBundle, Engine, PageSize

    assets = AssetBundle()
    for font in fonts:
        assets.add_font_file(font)
    text = open(html, encoding="utf-8").read()
    Engine(page_size=PageSize.A4, assets=assets).render_html_to_file(text, pdf)


def typst(source, pdf, fonts):
    import os

    import typst

    typst.compile(source, output=pdf, font_paths=sorted({os.path.dirname(font) for font in fonts}))


# Sums of a bill by SIM and day, exactly: amounts have five decimals.
def duckdb(bill, out, _):
    import duckdb

    duckdb.sql(
        f"""copy (select imsi, date, sum(amount::decimal(18, 5)) as amount, count(*) as count
            from read_csv('{bill}', header = true, all_varchar = true) group by all order by all) to '{out}'"""
    )


def polars(bill, out, _):
    import polars

    rows = polars.scan_csv(bill, infer_schema=False)
    amount = polars.col("amount").cast(polars.Decimal(18, 5))
    sums = rows.group_by("imsi", "date").agg(amount.sum().alias("amount"), polars.len().alias("count"))
    sums.sort("imsi", "date").collect().write_csv(out)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4:])
