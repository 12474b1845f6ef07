"""`tradepost confirm`: a Shipping Confirmation file, applied for its seller."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradepost.doors.cli.house import HERE, Where, open_house
from tradepost.doors.cli.mistakes import NO
from tradepost.doors.cli.result_file import result_file
from tradepost.process.shipment.confirmation_file import apply_file
from tradepost.refusals import Refusal, Refused


async def confirm(
    file: Annotated[Path, Parameter(metavar="FILE")],
    /,
    *,
    seller: Annotated[str, Parameter(metavar="SELLER")],
    report: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    where: Where = HERE,
) -> int:
    """Apply a seller's Shipping Confirmation file, and print the processing report.

    The file is tab-separated: order-id, order-item-id, quantity, ship-date,
    carrier-code, carrier-name, tracking-number, ship-method. Good rows are taken,
    bad rows are explained by their record number. Without an order-item-id the row
    confirms the whole order. The same file twice changes nothing; a row for units
    that one package holds already edits that package.

    For example:
      tradepost confirm shipped.tsv --seller acme
      tradepost confirm shipped.tsv --seller acme --report processing-report.tsv

    Exit codes: 0 every row was taken; 1 rows had errors, or the file was refused;
    2 the file cannot be read.

    Parameters
    ----------
    file
        The Shipping Confirmation file.
    seller
        Whose orders; files are for sellers with a Professional account.
    report
        Where the processing report goes; by default to the standard output.
    """
    content = file.read_bytes()
    with result_file(report) as result:
        async with open_house(where) as house:
            processed = await apply_file(house.database, seller, content)
        if isinstance(processed, Refusal):
            raise Refused(processed.reason, **processed.facts)
        result.write(processed.text())
    if report is not None:
        print(f"{processed.successful} of {processed.records} rows were taken. The processing report is in {report}.")
    return NO if processed.errors else 0
