"""Playhead inside LangChain and LangGraph: its tools, a retriever, the gate as middleware, an agent, runnables.

    from playhead.interfaces.langchain import MomentRetriever, SafetyMiddleware, VideoToolkit, create_video_agent

Whatever is called goes through the same gate as on the command line. `docs/langchain.md` shows each at work.
"""

from playhead.interfaces.langchain.middleware import SafetyMiddleware
from playhead.interfaces.langchain.retriever import MomentRetriever
from playhead.interfaces.langchain.runnables import planner, runner
from playhead.interfaces.langchain.toolkit import VideoTool, VideoToolkit
from playhead.interfaces.langchain.vectors import vector_store
from playhead.interfaces.langchain.video_agent import create_video_agent

__all__ = [
    "MomentRetriever",
    "SafetyMiddleware",
    "VideoTool",
    "VideoToolkit",
    "create_video_agent",
    "planner",
    "runner",
    "vector_store",
]
