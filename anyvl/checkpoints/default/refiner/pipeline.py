from anyvl.refiner import AnyVLRefinerPipeline  # noqa: F401
