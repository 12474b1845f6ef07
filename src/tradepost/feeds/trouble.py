"""What can be wrong with a feed as a whole, before it is read and after it has failed: codes of Tradepost's own."""

from enum import Enum

from tradepost.documents.documents import MOST_MIB
from tradepost.feeds.kind import Line


class Trouble(Enum):
    """Code, and the sentence in two languages."""

    NOTHING_UPLOADED = (
        99010,
        "Nothing was uploaded to the address of the document. Upload it before you create the feed.",
        "尚未向文档地址上传任何内容。请先上传，再创建上传任务。",
    )
    TOO_LARGE = (
        99003,
        f"The document is larger than {MOST_MIB} MiB when it is unpacked. Split it and upload the parts one after the "
        "other.",
        f"文档解压后大于 {MOST_MIB} MiB。请拆分后依次上传。",
    )
    NOT_PACKED_WELL = (
        99011,
        "The document begins as gzip does and cannot be unpacked, or its end is missing. Pack it again and upload it.",
        "文档以 gzip 格式开头，但无法解压或不完整。请重新压缩后上传。",
    )
    CHANGED = (
        99012,
        "The document is not what it was when the feed began. Upload it as a new document and create a new feed; what "
        "is said of records here was done.",
        "文档内容在任务开始后已被更改。请作为新文档上传并创建新任务；此处列出的记录已处理。",
    )
    GIVEN_UP = (
        99013,
        "The feed could not be processed further, after {attempts} attempts. {done} of its {records} records are "
        "through, and nothing of the others was done. Upload the others again, or ask the operator of the marketplace.",
        "尝试 {attempts} 次后仍无法继续处理。{records} 条记录中已处理 {done} 条，其余未处理。"
        "请重新上传其余记录，或联系市场运营方。",
    )

    def line(self, language: str, **facts: object) -> Line:
        """What the processing report says."""
        code, english, chinese = self.value
        sentence = chinese if language.startswith("zh") else english
        return Line(0, code, "Fatal", sentence.format_map(facts))


class Unusable(Exception):
    """Nothing, or nothing more, can be read from the document."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.name)
        self.trouble = trouble
