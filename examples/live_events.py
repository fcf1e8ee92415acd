"""Ask, and show each step as it happens; the answer comes last. For servers and windows that must not wait."""

from __future__ import annotations

import argparse
import asyncio

from playhead import Agent, Library, Run


async def ask(library: Library, request: str) -> None:
    async for news in Agent(library).astream(request):
        if isinstance(news, Run):
            print(news)
        elif news.progress is not None:
            print(f"{news.at_s:6.1f} s  {news.step}: {news.progress.stage} {news.progress.name}")
        else:
            print(f"{news.at_s:6.1f} s  {news.kind} {news.step} ({news.tool}) {news.message}".rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="a library folder")
    parser.add_argument("request", help="in plain words")
    given = parser.parse_args()
    with Library(given.library) as library:
        asyncio.run(ask(library, given.request))


if __name__ == "__main__":
    main()
