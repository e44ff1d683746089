"""The Streamlit pages that read a study. They never import torch; `interp dashboard` starts them."""
