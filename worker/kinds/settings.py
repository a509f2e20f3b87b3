"""From a job's parameters to the shader's settings."""

from worker.shader.envelope import Phase
from worker.shader.settings import ShaderSettings
from worker.wire.params import ShadeParams


def shader_settings(params: ShadeParams) -> ShaderSettings:
    """The settings that a job asks for."""
    red, green, blue = (c / 255 for c in params.background)
    return ShaderSettings(
        low_gate=params.low_gate,
        overlap_mode=params.overlap_mode,
        shadow_projection=params.shadow_projection,
        percentile=params.percentile,
        gate_sharpness=params.gate_sharpness,
        effect_strength=params.effect_strength,
        decay=params.decay,
        scale=params.scale,
        translation_strength=params.translation_strength,
        shadow_offset=params.shadow_offset,
        min_segment_pixels=params.min_segment_pixels,
        max_segments=params.max_segments,
        max_segment_size=params.max_segment_size,
        envelope=tuple(
            Phase(p.thicken_modulation, p.kernel_sigma_ratio, p.fill_threshold, p.dilation_radius)
            for p in params.envelope
        ),
        background=(red, green, blue),
    )
